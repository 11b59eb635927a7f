-- Stores a session that is not there yet. Answers 1, or the record that is there.
-- KEYS: the record, the index of last updates, the index of wake times.
-- ARGV: the member, the record, the score of its last update, the score of its wake time or '', its time to live or '0'.
local stored = redis.call('GET', KEYS[1])
if stored then
  return stored
end
if ARGV[5] ~= '0' and ARGV[4] == '' then
  redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[5])
else
  redis.call('SET', KEYS[1], ARGV[2])
end
redis.call('ZADD', KEYS[2], ARGV[3], ARGV[1])
if ARGV[4] == '' then
  redis.call('ZREM', KEYS[3], ARGV[1])
else
  redis.call('ZADD', KEYS[3], ARGV[4], ARGV[1])
end
return 1
