-- Voids all values and leases of a cache, and tells. They go when their life ends.
-- KEYS: the cache's generation.
-- ARGV: a new generation, the channel, the message.
redis.call('SET', KEYS[1], ARGV[1])
return redis.call('PUBLISH', ARGV[2], ARGV[3])
