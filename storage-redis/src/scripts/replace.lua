-- Replaces a record if it is still at the held revision, and leaves the indexes alone: what most updates are.
-- Answers 1, the record that is there, or nothing.
-- KEYS: the record. ARGV: the held revision, the record.
if redis.call('GETRANGE', KEYS[1], 0, 31) ~= ARGV[1] then
  return redis.call('GET', KEYS[1])
end
redis.call('SET', KEYS[1], ARGV[2])
return 1
