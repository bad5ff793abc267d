-- wrk's part of score_http: every request orders a score of the next enterprise under a key of its own.
local threads = 0

function setup(thread)
  threads = threads + 1
  thread:set("number", threads)
end

function init(args)
  firms = {}
  for line in io.lines(os.getenv("BENCH_ENTERPRISES")) do
    firms[#firms + 1] = line
  end
  run = os.getenv("BENCH_RUN")
  count = 0
  headers = {
    ["Content-Type"] = "application/json",
    ["Authorization"] = os.getenv("BENCH_AUTHORIZATION"),
    ["Purpose"] = "credit-assessment",
  }
end

function request()
  count = count + 1
  headers["Idempotency-Key"] = run .. "-" .. number .. "-" .. count
  local firm = firms[(count * 7919 + number) % #firms + 1]
  return wrk.format("POST", "/v1/scores", headers, '{"enterprise":"' .. firm .. '"}')
end

function done(summary, latency, requests)
  local errors = summary.errors
  io.write(string.format(
    'RESULT {"requests": %d, "seconds": %f, "p50_ms": %f, "p99_ms": %f, "refused": %d, "broken": %d}\n',
    summary.requests, summary.duration / 1e6, latency:percentile(50) / 1e3, latency:percentile(99) / 1e3,
    errors.status, errors.connect + errors.read + errors.write + errors.timeout))
end
