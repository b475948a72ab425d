-- SPDX-License-Identifier: Apache-2.0
-- wrk -s requests.lua URL -- FILE THREADS BEGIN PAUSE_MS
-- The requests of FILE over and over, from number BEGIN on, each thread
-- elsewhere; each connection pauses for about so long before it asks.  A line is
-- METHOD, path, cookies and body, with tabs between.

local threads = 0

function setup(thread)
   thread:set("number", threads)
   threads = threads + 1
end

local function read_line(line)
   local method, path, cookies, body = line:match("^([^\t]*)\t([^\t]*)\t([^\t]*)\t(.*)$")
   local headers = {}
   if cookies ~= "" then headers["Cookie"] = cookies end
   if body ~= "" then headers["Content-Type"] = "application/x-www-form-urlencoded" end
   return wrk.format(method, path, headers, body ~= "" and body or nil)
end

function init(args)
   local requests = {}
   for line in io.lines(args[1]) do requests[#requests + 1] = read_line(line) end
   local at = math.floor(number * #requests / tonumber(args[2])) + tonumber(args[3])
   request = function()
      at = at % #requests + 1
      return requests[at]
   end
   local pause_ms = tonumber(args[4])
   if pause_ms > 0 then delay = function() return pause_ms * (0.5 + math.random()) end end
end

function done(summary, latency, requests)
   local e = summary.errors
   io.write(string.format("requests %d\nusec %d\np50_usec %d\np99_usec %d\nsocket_errors %d\n", summary.requests,
      summary.duration, latency:percentile(50), latency:percentile(99), e.connect + e.read + e.write + e.timeout))
end
