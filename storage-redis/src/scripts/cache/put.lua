-- Puts in what was loaded under a lease, and gives the lease back. Answers 1, or 0 if it is not held any more.
-- KEYS: the cache's generation, the value, the lease.
-- ARGV: the lease's token, the value, its life in milliseconds.
local generation = redis.call('GET', KEYS[1])
if not generation or redis.call('GET', KEYS[3]) ~= generation .. ARGV[1] then
  return 0
end
redis.call('DEL', KEYS[3])
redis.call('SET', KEYS[2], generation .. ARGV[2], 'PX', ARGV[3])
return 1
