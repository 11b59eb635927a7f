-- Puts in a value whatever is there, voids the lease, and tells.
-- KEYS: the cache's generation, the value, the lease.
-- ARGV: a new generation, the value, its life in milliseconds, the channel, the message.
local generation = generation_of(KEYS[1], ARGV[1])
redis.call('DEL', KEYS[3])
redis.call('SET', KEYS[2], generation .. ARGV[2], 'PX', ARGV[3])
return redis.call('PUBLISH', ARGV[4], ARGV[5])
