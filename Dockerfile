# One image definition for all four processes: docker build --build-arg SERVICE=profile .
# SERVICE is profile, scoring, matching or gateway; workers and migrations run from the same image.
# What is built upon may be told to the byte: --build-arg PYTHON_IMAGE=python:3.11-slim-bookworm@sha256:…
ARG NODE_IMAGE=node:22-bookworm-slim
ARG PYTHON_IMAGE=python:3.11-slim-bookworm

FROM ${NODE_IMAGE} AS assets
WORKDIR /build/gateway/portal/assets
COPY gateway/portal/assets/ ./
RUN npm ci --no-audit --no-fund && npm run build

FROM ${PYTHON_IMAGE} AS wheels
WORKDIR /build
COPY pyproject.toml README.md ./
COPY locks locks
COPY chassis chassis
COPY services services
COPY gateway gateway
COPY smecredit smecredit
COPY sandbox sandbox
COPY --from=assets /build/gateway/portal/static/dist gateway/portal/static/dist
RUN python gateway/portal/assets/build.py finish
ARG SERVICE
RUN python -m venv /opt/venv \
 && /opt/venv/bin/pip install --no-cache-dir --require-hashes -r locks/build.txt \
 && /opt/venv/bin/pip install --no-cache-dir --require-hashes -r "locks/${SERVICE}.txt" \
 && /opt/venv/bin/pip install --no-cache-dir --no-deps --no-build-isolation .

FROM ${PYTHON_IMAGE}
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
