-- All that a cache has is of one generation; another one makes it void. Where there is none, the old one was lost, and what was
-- of it must not come back: a new one begins.
local function generation_of(name, new)
  local generation = redis.call('GET', name)
  if not generation then
    redis.call('SET', name, new)
    return new
  end
  return generation
end
