-- Replaces stored logs that are still what they were when they were read, and moves the counters of their days by
-- the difference. Nothing is added to any list: ids and timestamps never change.
--
-- KEYS     every key touched, by number in the plan
-- ARGV[1]  the plan, MessagePack: rows { log key, statistics key, z as read, s, z, { counter = difference } }
-- ARGV[n]  the values the plan refers to by number
--
-- Returns one value per row: 1 replaced, 0 left alone (expired, erased, or changed since it was read).
-- An expiry stays as it is; counters that have expired are not made again.

local outcome, totals = {}, {}

for i, row in ipairs(cmsgpack.unpack(ARGV[1])) do
  local log, day = KEYS[row[1]], row[2]
  outcome[i] = 0
  if redis.call('HGET', log, 'z') == ARGV[row[3]] then
    redis.call('HSET', log, 's', ARGV[row[4]], 'z', ARGV[row[5]])
    totals[day] = totals[day] or {}
    for counter, difference in pairs(row[6]) do totals[day][counter] = (totals[day][counter] or 0) + difference end
    outcome[i] = 1
  end
end

for day, differences in pairs(totals) do
  if redis.call('EXISTS', KEYS[day]) == 1 then
    for counter, difference in pairs(differences) do
      redis.pcall('HINCRBY', KEYS[day], counter, string.format('%.0f', difference))
    end
  end
end
return outcome
