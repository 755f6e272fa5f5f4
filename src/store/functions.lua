#!lua name=agentainer_1
-- Schema 1 (keys.h). A function that fails leaves its earlier writes in place, so each one checks
-- everything before its first write. Raise REVISION, and kLibraryRevision in redis_checks.h, with
-- every change: a server replaces an older library by its own when it starts.
local REVISION = 1

-- A command that fails, and changes nothing, where the write on the left would find a wrong type.
local PROBES = {XADD = 'XLEN', HSET = 'HLEN', HDEL = 'HLEN', ZADD = 'ZCARD', ZREM = 'ZCARD'}

local function refusal_of(command, key)
  local size = redis.pcall(PROBES[command], key)
  if type(size) == 'table' then
    return redis.error_reply('WRONGTYPE ' .. key .. ' was replaced by something else')
  end
end

-- Writes come as a list in args: command, index of its key, number of arguments, the arguments.
-- They are checked as a whole, then done; the stream's entry first, because XADD also refuses an id
-- that does not come after all others.
local function refusal_of_writes(keys, args, first)
  local i = first
  while i <= #args do
    local key = keys[tonumber(args[i + 1])]
    if not PROBES[args[i]] or not key then
      return redis.error_reply('ERR not a write: ' .. args[i])
    end
    local refusal = refusal_of(args[i], key)
    if refusal then
      return refusal
    end
    i = i + 3 + tonumber(args[i + 2])
  end
  if i ~= #args + 1 then
    return redis.error_reply('ERR the list of writes is cut off')
  end
end

local function write(keys, args, first)
  local i = first
  while i <= #args do
    local last = i + 2 + tonumber(args[i + 2])
    redis.call(args[i], keys[tonumber(args[i + 1])], unpack(args, i + 3, last))
    i = last + 1
  end
end

-- A commit is known by the digest in the stream entry that ends with its last record.
local function was_applied(events, last, digest)
  local found = redis.call('XRANGE', events, last .. '-0', last .. '-0')
  return #found == 1 and found[1][2][2] == digest
end

local function fenced(owner)
  return redis.error_reply('FENCED epoch ' .. owner .. ' owns the workflow')
end

-- keys: workflow, events, unfinished, then those of the writes
-- args: id, epoch, sequence before, sequence after, digest, status, updated, finished, writes…
local function commit(keys, args)
  local meta, id = keys[1], args[1]
  local stored = redis.call('HMGET', meta, 'epoch', 'sequence', 'finished')
  if not stored[1] then
    return redis.error_reply('NOTFOUND no such workflow')
  end
  if stored[1] ~= args[2] then
    return fenced(stored[1])
  end
  if stored[2] ~= args[3] then
    if was_applied(keys[2], args[4], args[5]) then
      return redis.status_reply('OK')
    end
    if tonumber(stored[2]) < tonumber(args[3]) then
      return redis.error_reply('EARLY record ' .. stored[2] .. ' is the last one here')
    end
    return redis.error_reply('FENCED record ' .. stored[2] .. ' is the last one here')
  end
  if stored[3] == '1' then
    return redis.error_reply('CONFLICT the workflow has ended')
  end
  local refusal = refusal_of_writes(keys, args, 9) or refusal_of('ZREM', keys[3])
  if refusal then
    return refusal
  end
  write(keys, args, 9)
  redis.call('HSET', meta, 'sequence', args[4], 'status', args[6], 'updated', args[7],
             'finished', args[8])
  if args[8] == '1' then
    redis.call('ZREM', keys[3], id)
  end
  return redis.status_reply('OK')
end

-- keys: workflow, events, unfinished, workflows, then those of the writes
-- args: as commit's up to finished, then name, definition, source directory, created, writes…
local function create(keys, args)
  local meta, id = keys[1], args[1]
  local owner = redis.call('HGET', meta, 'epoch')
  if owner then
    if not was_applied(keys[2], args[4], args[5]) then
      return redis.error_reply('CONFLICT a workflow with this id exists')
    end
    if owner ~= args[2] then
      return fenced(owner)
    end
    return redis.status_reply('OK')
  end
  local refusal = refusal_of_writes(keys, args, 13) or refusal_of('ZADD', keys[3])
                  or refusal_of('ZADD', keys[4])
  if refusal then
    return refusal
  end
  write(keys, args, 13)
  redis.call('HSET', meta, 'name', args[9], 'definition', args[10], 'source_directory', args[11],
             'created', args[12], 'epoch', args[2], 'sequence', args[4], 'status', args[6],
             'updated', args[7], 'finished', args[8])
  redis.call('ZADD', keys[4], 0, id)
  if args[8] ~= '1' then
    redis.call('ZADD', keys[3], 0, id)
  end
  return redis.status_reply('OK')
end

-- keys: workflow; args: epoch
local function claim(keys, args)
  local owner = redis.call('HGET', keys[1], 'epoch')
  if not owner then
    return redis.error_reply('NOTFOUND no such workflow')
  end
  if tonumber(owner) > tonumber(args[1]) then
    return fenced(owner)
  end
  redis.call('HSET', keys[1], 'epoch', args[1])
  return redis.status_reply('OK')
end

-- keys: agentainer:epoch
local function next_epoch(keys)
  return redis.call('INCR', keys[1])
end

-- keys: those of the owners; args: seconds to live, identity
local function renew(keys, args)
  for i = 1, #keys do
    redis.call('SET', keys[i], args[2], 'EX', args[1])
  end
  return redis.status_reply('OK')
end

-- What is running must be able to end when memory is full: only create() is refused then.
local ALWAYS = {'allow-oom'}
redis.register_function{function_name = 'agentainer_1_create', callback = create}
redis.register_function{function_name = 'agentainer_1_commit', callback = commit, flags = ALWAYS}
redis.register_function{function_name = 'agentainer_1_claim', callback = claim, flags = ALWAYS}
redis.register_function{function_name = 'agentainer_1_next_epoch', callback = next_epoch, flags = ALWAYS}
redis.register_function{function_name = 'agentainer_1_renew', callback = renew, flags = ALWAYS}
redis.register_function{
  function_name = 'agentainer_1_revision',
  callback = function() return REVISION end,
  flags = {'no-writes'},
}
