-- Removes idle sessions of a slice of the index of last updates. Answers how many, then the score and the member of the
-- last place that was looked at, both '' at the end.
-- KEYS: the index of last updates, the index of wake times.
-- ARGV: what records' names begin with, the score and the member of the place to begin behind ('' for the beginning), the
-- highest score, how many to remove at most, how many places at most, the cutoff, then scopes and their cutoffs by turns.
-- A cutoff is a time as it stands in records; '' keeps all.
local updated, wake = KEYS[1], KEYS[2]
local rank = rank_behind(updated, ARGV[2], ARGV[3])
local count = redis.call('ZCOUNT', updated, '-inf', ARGV[4])
local most, longest = tonumber(ARGV[5]), tonumber(ARGV[6])
local cutoffs = {}
for i = 8, #ARGV, 2 do
  cutoffs[ARGV[i]] = ARGV[i + 1]
end
local removed, looked, gone = 0, 0, {}
local score, member
while rank < count and removed < most and looked < longest do
  local places = redis.call('ZRANGE', updated, rank, math.min(rank + most, count) - 1, 'WITHSCORES')
  for i = 1, #places, 2 do
    member, score = places[i], places[i + 1]
    rank, looked = rank + 1, looked + 1
    local name = ARGV[1] .. member
    local cutoff = cutoffs[string.match(member, '([^/]*)$')] or ARGV[7]
    if cutoff ~= '' and not redis.call('ZSCORE', wake, member) then
      local time = redis.pcall('GETRANGE', name, 32, 47)
      if type(time) == 'string' then
        if #time == 16 and is_after(cutoff, time) then
          redis.call('DEL', name)
          removed = removed + 1
          gone[#gone + 1] = member
        elseif time == '' and redis.call('EXISTS', name) == 0 then
          -- Redis itself let it expire.
          gone[#gone + 1] = member
        end
      end
    end
    if removed >= most or looked >= longest then
      break
    end
  end
end
for _, name in ipairs(gone) do
  redis.call('ZREM', updated, name)
end
if rank < count then
  return { removed, score, member }
end
return { removed, '', '' }
