#pragma once
// A commit as the command that calls its function in functions.lua.

#include "net/resp.h"
#include "store/store.h"

namespace agentainer::store {

/// Fills `command`, whatever it held before.
void encode_commit(const Commit& commit, net::Command& command);

}  // namespace agentainer::store
