-- Shared by the scripts that walk through an index, in its order: by score, and members of one score by their bytes.

-- Whether one text comes after another by its bytes. Lua's own comparison depends on the server's locale.
local function is_after(one, other)
  for i = 1, math.min(#one, #other) do
    local a, b = string.byte(one, i), string.byte(other, i)
    if a ~= b then
      return a > b
    end
  end
  return #one > #other
end

-- The rank of the first member behind a place, whether there is still a member at it or not.
local function rank_behind(index, score, member)
  if score == '' then
    return 0
  end
  local low = redis.call('ZCOUNT', index, '-inf', '(' .. score)
  local high = redis.call('ZCOUNT', index, '-inf', score)
  while low < high do
    local middle = math.floor((low + high) / 2)
    if is_after(redis.call('ZRANGE', index, middle, middle)[1], member) then
      high = middle
    else
      low = middle + 1
    end
  end
  return low
end

local function ends_with(text, ending)
  return ending == '' or string.sub(text, -#ending) == ending
end

