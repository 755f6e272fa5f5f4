#pragma once
// Text to Document. Both readers expect text that check_text() accepts, and report what is wrong.
// False: the document is incomplete and good only for its positions. True: it is whole, though
// something may have been reported, such as a key that is given twice.

#include "workflow/document.h"
#include "workflow/reporter.h"

namespace agentainer::workflow {

/// The YAML 1.2 that yaml-cpp reads, one document. Tags other than the core schema's are errors.
[[nodiscard]] bool read_yaml(Document& document, Reporter& reporter);

/// RFC 8259.
[[nodiscard]] bool read_json(Document& document, Reporter& reporter);

}  // namespace agentainer::workflow
