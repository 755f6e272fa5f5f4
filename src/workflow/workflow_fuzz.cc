// Any bytes are a file: parse() neither crashes nor hangs, and what it says can be shown.

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "workflow/parse.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace agentainer::workflow;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const ParseResult result = parse(text);
  bool failed = false;
  for (const Diagnostic& diagnostic : result.diagnostics)
    failed = failed || diagnostic.severity == Diagnostic::Severity::kError;
  if (failed != (result.definition == nullptr)) std::abort();
  if (render(result.diagnostics, "fuzz", text, false).empty() != result.diagnostics.empty())
    std::abort();
  if (result.definition)
    for (const Step& step : result.definition->steps)
      for (const agentainer::StepIndex dependency : step.depends_on)
        if (agentainer::to_int(dependency) >= result.definition->steps.size()) std::abort();
  return 0;
}
