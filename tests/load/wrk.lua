-- Sends the requests of a file, in order, each once, and ends with the file. Arguments: the file, then the mean think time
-- of a connection in milliseconds (0: none), then how many threads there are if each has a single
-- connection, and times its granted answers one by one ("probe").
-- A request in the file: its length in eight digits, then its bytes.

local ffi = require("ffi")
ffi.cdef([[
  typedef struct { long s; long ns; } moment;
  int clock_gettime(int, moment *);
  int getpid(void);
  int kill(int, int);
]])

local threads = {}

function setup(thread)
  thread:set("number", #threads)
  table.insert(threads, thread)
end

function init(args)
  requests = assert(io.open(args[1], "rb"))
  think = tonumber(args[2])
  sent, missing, taken, shed, step = 0, 0, {}, 0, 1
  math.randomseed(20261124 + number)
  if think > 0 then
    -- Spread evenly around the mean, so that connections do not march in step.
    delay = function() return math.random(0, 2 * think) end
  end
  if args[3] then start_probe(tonumber(args[3])) end
end

-- One connection a thread: then an answer belongs to the request before it. Each thread reads the
-- file by itself, and takes requests that no other one takes.
function start_probe(count)
  step = count
  for _ = 1, number do skip() end
  local moment, asked = ffi.new("moment"), nil
  local function now()
    ffi.C.clock_gettime(1, moment)
    return tonumber(moment.s) * 1e6 + tonumber(moment.ns) / 1e3
  end
  local plain = request
  request = function()
    local wanted = plain()
    asked = now()
    return wanted
  end
  response = function(status)
    if status < 300 then table.insert(taken, now() - asked) end
    if status == 503 then shed = shed + 1 end
  end
end

function skip()
  local length = requests:read(8)
  if length then requests:seek("cur", tonumber(length)) end
end

function request()
  local length = requests:read(8)
  if not length then  -- none is sent twice: that would be a copy of a computer
    missing = missing + 1
    wrk.thread:stop()
    ffi.C.kill(ffi.C.getpid(), 2)  -- wrk itself waits for the time that it was given, or SIGINT
    return wrk.format("GET", "/healthz")
  end
  sent = sent + 1
  local wanted = requests:read(tonumber(length))
  for _ = 2, step do skip() end
  return wanted
end

function done(summary, latency)
  local sum, all_taken = { sent = 0, missing = 0, shed = 0 }, {}
  for _, thread in ipairs(threads) do
    for name, _ in pairs(sum) do sum[name] = sum[name] + thread:get(name) end
    for _, each in ipairs(thread:get("taken")) do table.insert(all_taken, string.format("%d", each)) end
  end
  local e = summary.errors
  io.write(string.format(
    '\n{"requests": %d, "microseconds": %d, "p50": %d, "p99": %d, "longest": %d, "refused": %d, '
    .. '"socket_errors": %d, "timeouts": %d, "sent": %d, "missing": %d, "shed": %d, "taken": [%s]}\n',
    summary.requests, summary.duration, latency:percentile(50), latency:percentile(99), latency.max,
    e.status, e.connect + e.read + e.write, e.timeout, sum.sent, sum.missing, sum.shed,
    table.concat(all_taken, ", ")))
end
