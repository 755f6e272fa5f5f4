#pragma once
// How an attempt joins the traces of its workflow.

#include <string>

#include "base/ids.h"

namespace agentainer::runtime {

/// TRACEPARENT (W3C Trace Context, version 00, sampled). The trace is the workflow: its id in
/// hexadecimal. The parent is made from step, task and attempt. The same attempt always gets the
/// same value.
std::string trace_parent(const AttemptId& id);

}  // namespace agentainer::runtime
