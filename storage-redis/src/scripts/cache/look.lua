-- Looks for a value. Answers it and the milliseconds that are left of its life, or 1 where the caller has the lease now, or 0
-- where somebody else has it.
-- KEYS: the cache's generation, the value, the lease.
-- ARGV: a new generation, the lease's token, its life in milliseconds, 1 to take it in any case.
local generation = generation_of(KEYS[1], ARGV[1])
if ARGV[4] ~= '1' then
  local value = redis.call('GET', KEYS[2])
  if value and string.sub(value, 1, #generation) == generation then
    return { string.sub(value, #generation + 1), redis.call('PTTL', KEYS[2]) }
  end
  local lease = redis.call('GET', KEYS[3])
  if lease and string.sub(lease, 1, #generation) == generation then
    return 0
  end
end
redis.call('SET', KEYS[3], generation .. ARGV[2], 'PX', ARGV[3])
return 1
