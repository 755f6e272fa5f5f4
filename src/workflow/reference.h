#pragma once
// The field tables of the reference manual (docs/workflow-reference.md), from the same tables the
// reader follows.

#include <string>

#include "workflow/fields.h"

namespace agentainer::workflow {

/// A Markdown table with a row for each field: name and other spellings, type, default, meaning.
std::string field_reference(const Table& table);

}  // namespace agentainer::workflow
