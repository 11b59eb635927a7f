-- Describes a namespace that has no description yet. Answers what it has then.
-- KEYS: the description. ARGV: the schema's version, the number of buckets.
if redis.call('EXISTS', KEYS[1]) == 0 then
  redis.call('HSET', KEYS[1], 'schema', ARGV[1], 'buckets', ARGV[2])
end
return redis.call('HMGET', KEYS[1], 'schema', 'buckets')
