-- Gives a lease back.
-- KEYS: the cache's generation, the lease.
-- ARGV: the lease's token.
local generation = redis.call('GET', KEYS[1])
if generation and redis.call('GET', KEYS[2]) == generation .. ARGV[1] then
  return redis.call('DEL', KEYS[2])
end
return 0
