-- Removes a session. Answers 1, 0 where there is none, or the record that is there at another revision.
-- KEYS: the record, the index of last updates, the index of wake times.
-- ARGV: the member, the expected revision or ''.
if ARGV[2] ~= '' and redis.call('GETRANGE', KEYS[1], 0, 31) ~= ARGV[2] then
  local stored = redis.call('GET', KEYS[1])
  if stored then
    return stored
  end
end
redis.call('ZREM', KEYS[2], ARGV[1])
redis.call('ZREM', KEYS[3], ARGV[1])
return redis.call('DEL', KEYS[1])
