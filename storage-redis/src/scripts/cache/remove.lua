-- Removes a value, voids the lease, and tells.
-- KEYS: the value, the lease.
-- ARGV: the channel, the message.
redis.call('DEL', KEYS[1], KEYS[2])
return redis.call('PUBLISH', ARGV[1], ARGV[2])
