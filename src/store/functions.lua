#!lua name=agentainer_1
-- Schema 1 (keys.h). A function that fails leaves its earlier writes in place, so each one checks
-- everything before its first write. Raise REVISION, and kLibraryRevision in redis_checks.h, with
-- every change: a server replaces an older library by its own when it starts.
local REVISION = 2

-- A command that fails, and changes nothing, where the write on the left would find a wrong type.
local PROBES = {XADD = 'XLEN', HSET = 'HLEN', HDEL = 'HLEN', ZADD = 'ZCARD', ZREM = 'ZCARD'}

local function refusal_of(command, key)
  local size = redis.pcall(PROBES[command], key)
  if type(size) == 'table' then
    return redis.error_reply('WRONGTYPE ' .. key .. ' was replaced by something else')
  end
end

-- Writes come as a list in args: command, index of its key, number of arguments, the arguments. The
-- first one adds to the stream. It is tried last of all checks and before all other writes: XADD finds
-- out by itself whether its key is a stream and its id comes after all others.
local function refusal_of_writes(keys, args, first)
  local i = first
  while i <= #args do
    local key = keys[tonumber(args[i + 1])]
    if not PROBES[args[i]] or not key then
      return redis.error_reply('ERR not a write: ' .. args[i])
    end
    if i ~= first then
      local refusal = refusal_of(args[i], key)
      if refusal then
        return refusal
      end
    end
    i = i + 3 + tonumber(args[i + 2])
  end
  if i ~= #args + 1 then
    return redis.error_reply('ERR the list of writes is cut off')
  end
end

-- Returns the first write's refusal; then nothing was written.
local function write(keys, args, first)
  local i = first
  while i <= #args do
    local last = i + 2 + tonumber(args[i + 2])
    local answer = redis.pcall(args[i], keys[tonumber(args[i + 1])], unpack(args, i + 3, last))
    if type(answer) == 'table' and answer.err then
      return answer
    end
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

local function id_of(meta)
  return string.sub(meta, #'workflow:' + 1)
end

-- How many unfinished workflows an epoch owns; none is no field.
local function count_owned(owners, epoch, change)
  local left = redis.pcall('HINCRBY', owners, epoch, change)
  if type(left) == 'table' or left <= 0 then
    redis.call('HDEL', owners, epoch)
  end
end

-- keys: workflow, events, those of the writes; when the workflow ends: unfinished, owners
-- args: epoch, sequence before, sequence after, digest, status, updated, finished, writes…
local function commit(keys, args)
  local meta = keys[1]
  local stored = redis.call('HMGET', meta, 'epoch', 'sequence', 'finished')
  if not stored[1] then
    return redis.error_reply('NOTFOUND no such workflow')
  end
  if stored[1] ~= args[1] then
    return fenced(stored[1])
  end
  if stored[2] ~= args[2] then
    if was_applied(keys[2], args[3], args[4]) then
      return redis.status_reply('OK')
    end
    if tonumber(stored[2]) < tonumber(args[2]) then
      return redis.error_reply('EARLY record ' .. stored[2] .. ' is the last one here')
    end
    return redis.error_reply('FENCED record ' .. stored[2] .. ' is the last one here')
  end
  if stored[3] == '1' then
    return redis.error_reply('CONFLICT the workflow has ended')
  end
  local unfinished, owners
  if args[7] == '1' then
    unfinished, owners = keys[#keys - 1], keys[#keys]
  end
  local refusal = (unfinished and (refusal_of('ZREM', unfinished) or refusal_of('HDEL', owners)))
                  or refusal_of_writes(keys, args, 8) or write(keys, args, 8)
  if refusal then
    return refusal
  end
  redis.call('HSET', meta, 'sequence', args[3], 'status', args[5], 'updated', args[6])
  if unfinished then
    redis.call('HSET', meta, 'finished', 1)
    redis.call('ZREM', unfinished, id_of(meta))
    count_owned(owners, args[1], -1)
  end
  return redis.status_reply('OK')
end

-- keys: workflow, events, those of the writes, workflows, unfinished, owners; with a request key: request
-- args: as commit's up to finished, then name, definition, source directory, created, digest of the
--       request, seconds to remember it (0: there is no request key), writes…
local function create(keys, args)
  local last = #keys
  local request
  if args[13] ~= '0' then
    request, last = keys[last], last - 1
  end
  local meta, workflows, unfinished, owners = keys[1], keys[last - 2], keys[last - 1], keys[last]
  local owner = redis.call('HGET', meta, 'epoch')
  if owner then
    if not was_applied(keys[2], args[3], args[4]) then
      return redis.error_reply('CONFLICT a workflow with this id exists')
    end
    if owner ~= args[1] then
      return fenced(owner)
    end
    return redis.status_reply('OK')
  end
  if request and redis.call('EXISTS', request) == 1 then
    return redis.error_reply('CONFLICT the request key was used before')
  end
  local refusal = refusal_of('ZADD', workflows) or refusal_of('ZADD', unfinished)
                  or refusal_of('HSET', owners)
                  or refusal_of_writes(keys, args, 14) or write(keys, args, 14)
  if refusal then
    return refusal
  end
  redis.call('HSET', meta, 'name', args[8], 'definition', args[9], 'source_directory', args[10],
             'created', args[11], 'epoch', args[1], 'sequence', args[3], 'status', args[5],
             'updated', args[6], 'finished', args[7])
  redis.call('ZADD', workflows, 0, id_of(meta))
  if args[7] ~= '1' then
    redis.call('ZADD', unfinished, 0, id_of(meta))
    count_owned(owners, args[1], 1)
  end
  if request then
    redis.call('SET', request, id_of(meta) .. ' ' .. args[12], 'EX', args[13])
  end
  return redis.status_reply('OK')
end

-- keys: workflow, owners; args: epoch
local function claim(keys, args)
  local stored = redis.call('HMGET', keys[1], 'epoch', 'finished')
  local owner = stored[1]
  if not owner then
    return redis.error_reply('NOTFOUND no such workflow')
  end
  if tonumber(owner) > tonumber(args[1]) then
    return fenced(owner)
  end
  local unfinished = stored[2] ~= '1' and owner ~= args[1]
  local refusal = unfinished and refusal_of('HSET', keys[2])
  if refusal then
    return refusal
  end
  redis.call('HSET', keys[1], 'epoch', args[1])
  if unfinished then
    count_owned(keys[2], owner, -1)
    count_owned(keys[2], args[1], 1)
  end
  return redis.status_reply('OK')
end

-- Whether a workflow may be removed. keys: workflow
local function removable(keys)
  local stored = redis.call('HMGET', keys[1], 'epoch', 'finished')
  if not stored[1] then
    return redis.error_reply('NOTFOUND no such workflow')
  end
  if stored[2] ~= '1' then
    return redis.error_reply('CONFLICT the workflow has not ended')
  end
  return redis.status_reply('OK')
end

-- The end of a removal, when the outcomes of its tasks are gone. keys: workflow, those of the rest it
-- has, workflows
local function remove(keys)
  local workflows = keys[#keys]
  local refusal = removable(keys)
  if refusal.err then
    return refusal
  end
  refusal = refusal_of('ZREM', workflows)
  if refusal then
    return refusal
  end
  redis.call('ZREM', workflows, id_of(keys[1]))
  redis.call('UNLINK', unpack(keys, 1, #keys - 1))
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
redis.register_function{function_name = 'agentainer_1_remove', callback = remove, flags = ALWAYS}
redis.register_function{
  function_name = 'agentainer_1_removable',
  callback = removable,
  flags = {'no-writes'},
}
redis.register_function{function_name = 'agentainer_1_next_epoch', callback = next_epoch, flags = ALWAYS}
redis.register_function{function_name = 'agentainer_1_renew', callback = renew, flags = ALWAYS}
redis.register_function{
  function_name = 'agentainer_1_revision',
  callback = function() return REVISION end,
  flags = {'no-writes'},
}
