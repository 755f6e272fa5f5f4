#pragma once
// Where workflows, their logs and the private Redis are kept.

#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace agentainer::cli {

struct DataEnvironment {
  std::optional<std::string_view> agentainer_data;  ///< $AGENTAINER_DATA
  std::optional<std::string_view> xdg_data_home;    ///< $XDG_DATA_HOME
  std::optional<std::string_view> home;             ///< $HOME
};
DataEnvironment data_environment();

/// --data, else $AGENTAINER_DATA, else $XDG_DATA_HOME/agentainer, else ~/.local/share/agentainer
/// (XDG Base Directory Specification: a relative $XDG_DATA_HOME does not count).
Result<std::string> choose_data_directory(std::string_view option,
                                          const DataEnvironment& environment);

/// Makes the directory (0700) with its parents where it is missing, and gives its absolute path.
/// An error says why it will not do, and what to do.
Result<std::string> prepare_data_directory(const std::string& path);

bool data_directory_exists(const std::string& path);

}  // namespace agentainer::cli
