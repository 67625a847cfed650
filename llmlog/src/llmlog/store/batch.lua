-- Writes one batch of entries, each wholly or not at all, and each once however often the batch is sent.
--
-- KEYS     every key touched, by number in the plan
-- ARGV[1]  the plan, MessagePack: { e = entries, a = blobs, x = {events key, length, expiry in ms} }
-- ARGV[n]  the values the plan refers to by number
--
-- entry = { log key, day key, user key or 0, statistics key, id, timestamp, log expiry, s, z,
--           day expiry, user expiry, user cut-off, { counter = amount }, tombstone key or 0 }
-- blob  = { key, value or 0, expiry }  set only where missing; the expiry is renewed either way. A blob that
--         is missing and came without its value ends the script before anything is written.
--
-- Returns one value per entry: 1 stored, 0 was there before, 2 its person was erased after it was logged, or the
-- text of the error that kept it out.
-- The guard is ZADD NX on the day set: timestamp and id never change, so neither does the day.

local plan = cmsgpack.unpack(ARGV[1])
local outcome, totals, expiries = {}, {}, {}

local function refused(reply) return type(reply) == 'table' and reply.err end

for _, blob in ipairs(plan.a) do
  if blob[2] == 0 and redis.call('EXISTS', KEYS[blob[1]]) == 0 then return {'blobs missing'} end
end
for _, blob in ipairs(plan.a) do
  if redis.call('EXISTS', KEYS[blob[1]]) == 0 then redis.call('SET', KEYS[blob[1]], ARGV[blob[2]]) end
end

local erased = {}
local function erased_at(stone)
  if stone == 0 then return -1 end
  if not erased[stone] then erased[stone] = tonumber(redis.call('GET', KEYS[stone]) or '-1') end
  return erased[stone]
end

for i, e in ipairs(plan.e) do
  local log, day, id = KEYS[e[1]], KEYS[e[2]], e[5]
  local gone = e[6] <= erased_at(e[14])
  local added = not gone and redis.pcall('ZADD', day, 'NX', e[6], id)
  if gone then
    outcome[i] = 2
  elseif refused(added) then
    outcome[i] = added.err
  elseif added == 0 then
    outcome[i] = 0
  else
    local fault = refused(redis.pcall('HSET', log, 's', ARGV[e[8]], 'z', ARGV[e[9]]))
    if not fault and e[3] > 0 then
      fault = refused(redis.pcall('ZADD', KEYS[e[3]], e[6], id))
      if fault then redis.call('DEL', log) end
    end
    if fault then
      redis.call('ZREM', day, id)
      outcome[i] = fault
    else
      redis.call('PEXPIREAT', log, e[7])
      if e[3] > 0 then
        redis.pcall('ZREMRANGEBYSCORE', KEYS[e[3]], '-inf', e[12])
        redis.call('PEXPIREAT', KEYS[e[3]], e[11])
      end
      redis.pcall('XADD', KEYS[plan.x[1]], 'MAXLEN', '~', plan.x[2], '*', 'id', id)
      local sums = totals[e[4]] or {}
      totals[e[4]] = sums
      for counter, amount in pairs(e[13]) do sums[counter] = (sums[counter] or 0) + amount end
      expiries[e[2]], expiries[e[4]] = e[10], e[10]
      outcome[i] = 1
    end
  end
end

for key, sums in pairs(totals) do
  for counter, amount in pairs(sums) do redis.pcall('HINCRBY', KEYS[key], counter, amount) end
end
for key, expiry in pairs(expiries) do redis.call('PEXPIREAT', KEYS[key], expiry) end
redis.call('PEXPIREAT', KEYS[plan.x[1]], plan.x[3])
-- Last: once a script has written anything it is no longer held to maxmemory, and this is a write.
for _, blob in ipairs(plan.a) do redis.call('PEXPIREAT', KEYS[blob[1]], blob[3]) end
return outcome
