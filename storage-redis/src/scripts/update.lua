-- Replaces a record if it is still at the held revision. Answers 1, the record that is there, or nothing.
-- KEYS: the record, the index of last updates, the index of wake times.
-- ARGV: the held revision, the member, the record, the score of its last update or '' where that stays, the score of its
-- wake time ('' where it stays, '-' where there is none any more), whether it has one ('1' or '0'), its time to live or '0'.
if redis.call('GETRANGE', KEYS[1], 0, 31) ~= ARGV[1] then
  return redis.call('GET', KEYS[1])
end
if ARGV[7] ~= '0' and ARGV[6] == '0' then
  redis.call('SET', KEYS[1], ARGV[3], 'PX', ARGV[7])
else
  redis.call('SET', KEYS[1], ARGV[3])
end
if ARGV[4] ~= '' then
  redis.call('ZADD', KEYS[2], ARGV[4], ARGV[2])
end
if ARGV[5] == '-' then
  redis.call('ZREM', KEYS[3], ARGV[2])
elseif ARGV[5] ~= '' then
  redis.call('ZADD', KEYS[3], ARGV[5], ARGV[2])
end
return 1
