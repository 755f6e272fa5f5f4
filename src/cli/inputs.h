#pragma once
// What a run is given to begin with: --input key=value and --state FILE.

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/json.h"
#include "base/result.h"

namespace agentainer::cli {

/// "key=value": the value is JSON, or else text as it stands. kInvalid says what was expected.
Result<std::pair<std::string, Json>> parse_input(std::string_view argument);

/// The object in a JSON file; `-` reads standard input. kInvalid when it is not an object.
Result<json::object> read_state_file(const std::string& path);

/// Files in the order given, then the single inputs; later ones replace earlier ones.
Result<json::object> gather_inputs(const std::vector<std::string>& files,
                                   const std::vector<std::string>& inputs);

/// All of a file, or of standard input for `-`; at most `max_bytes`. kNotFound, kInvalid (a
/// directory, too large), kUnavailable (may not be read).
Result<std::string> read_file(const std::string& path, std::size_t max_bytes);

}  // namespace agentainer::cli
