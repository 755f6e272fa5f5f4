#pragma once
// Word to the service manager that started us (sd_notify(3)).

#include <string>
#include <string_view>

namespace agentainer::cli {

/// Sends "READY=1" and the like to $NOTIFY_SOCKET; does nothing where there is none.
void notify_service_manager(std::string_view state);

}  // namespace agentainer::cli
