-- Reads a page of an index. Answers the score and the member of the last place that was looked at, both '' at the end,
-- then members and their records by turns. What is no string has an empty record.
-- KEYS: the index.
-- ARGV: what records' names begin with, the score and the member of the place to begin behind ('' for the beginning), the
-- highest score, what members end with or '', how many records at most, how many places at most, from how many bytes on
-- it is enough.
local index = KEYS[1]
local rank = rank_behind(index, ARGV[2], ARGV[3])
local count = redis.call('ZCOUNT', index, '-inf', ARGV[4])
local limit, longest, enough = tonumber(ARGV[6]), tonumber(ARGV[7]), tonumber(ARGV[8])
local answer, found, looked, bytes = { '', '' }, 0, 0, 0
local score, member
while rank < count and found < limit and looked < longest and bytes < enough do
  local places = redis.call('ZRANGE', index, rank, math.min(rank + limit - found, count) - 1, 'WITHSCORES')
  for i = 1, #places, 2 do
    member, score = places[i], places[i + 1]
    rank, looked = rank + 1, looked + 1
    if ends_with(member, ARGV[5]) then
      local record = redis.pcall('GET', ARGV[1] .. member)
      if record then
        if type(record) == 'table' then
          record = ''
        end
        found, bytes = found + 1, bytes + #record
        answer[#answer + 1], answer[#answer + 2] = member, record
      end
    end
    if looked >= longest or bytes >= enough then
      break
    end
  end
end
if rank < count then
  answer[1], answer[2] = score, member
end
return answer
