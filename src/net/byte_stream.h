#pragma once
// A stream of bytes to a server, over TCP, TLS or a unix socket.

#include <boost/asio/buffer.hpp>
#include <boost/system/error_code.hpp>
#include <functional>
#include <memory>

#include "base/result.h"
#include "net/redis_address.h"

namespace boost::asio {
class io_context;
}

namespace agentainer::net {

/// Handlers are called from the event loop, never inside the call, and keep what they capture alive
/// until then. At most one read and one write at a time.
class ByteStream {
 public:
  using Connected = std::function<void(Status)>;
  using Moved = std::function<void(boost::system::error_code, std::size_t)>;

  virtual ~ByteStream() = default;
  /// Once. With TLS: the server's certificate is valid for its name when this succeeds.
  /// kUnavailable.
  virtual void connect(Connected connected) = 0;
  virtual void read_some(boost::asio::mutable_buffer buffer, Moved moved) = 0;
  /// Writes all of the buffer.
  virtual void write(boost::asio::const_buffer buffer, Moved moved) = 0;
  /// Operations under way end with an error.
  virtual void close() = 0;
};

/// kInvalid: the address' certificates cannot be read.
[[nodiscard]] Result<std::shared_ptr<ByteStream>> make_byte_stream(boost::asio::io_context& context,
                                                                   const RedisAddress& address);

}  // namespace agentainer::net
