# One image definition for all four processes: docker build --build-arg SERVICE=profile .
# SERVICE is profile, scoring, matching or gateway; workers and migrations run from the same image.
FROM node:22-bookworm-slim AS assets
WORKDIR /build/gateway/portal/assets
COPY gateway/portal/assets/ ./
RUN npm install --no-audit --no-fund && npm run build

FROM python:3.11-slim-bookworm AS wheels
WORKDIR /build
COPY pyproject.toml constraints.txt README.md ./
COPY chassis chassis
COPY services services
COPY gateway gateway
COPY smecredit smecredit
COPY sandbox sandbox
COPY --from=assets /build/gateway/portal/static/dist gateway/portal/static/dist
ARG SERVICE
RUN python -m venv /opt/venv \
 && /opt/venv/bin/pip install --no-cache-dir --constraint constraints.txt ".[${SERVICE},postgres,redis,objects,cluster,tracing]"

FROM python:3.11-slim-bookworm
ARG SERVICE
LABEL org.opencontainers.image.title="smecredit-${SERVICE}" \
      org.opencontainers.image.licenses="Apache-2.0"
RUN useradd --system --uid 10001 --home-dir /data --create-home smecredit
COPY --from=wheels /opt/venv /opt/venv
ENV PATH=/opt/venv/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    SMECREDIT_HOME=/data \
    SMECREDIT_ENV=production
WORKDIR /data
USER 10001
VOLUME /data
EXPOSE 8000
# The compose file says which application, worker or migration to run.
CMD ["gunicorn", "--version"]
