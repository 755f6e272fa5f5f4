#include "store/redis_probe.h"

#include <array>
#include <boost/asio/buffer.hpp>
#include <string>
#include <utility>

#include "net/byte_stream.h"
#include "net/resp.h"

namespace agentainer::store {

using boost::system::error_code;

namespace {
constexpr milliseconds kLoadingPause = 20ms;
}

struct RedisProbe::Impl : std::enable_shared_from_this<Impl> {
  net::EventLoop& loop;
  Events events;
  bool closed = false;
  bool is_connected = false;
  bool is_writing = false;
  std::shared_ptr<net::ByteStream> stream;
  net::ReplyReader reader;
  std::array<char, 512> buffer;
  std::string output;  ///< What is being written, or comes next.
  std::string writing;

  Impl(net::EventLoop& event_loop, Events probe_events)
      : loop(event_loop), events(std::move(probe_events)) {}

  void start(const net::RedisAddress& address) {
    auto made = net::make_byte_stream(loop.context(), address);
    if (!made) return loop.post([self = shared_from_this()] { self->end(); });
    stream = std::move(*made);
    stream->connect([self = shared_from_this()](const Status& status) {
      if (self->closed) return;
      if (!status) return self->end();
      self->is_connected = true;
      self->read();
      self->send({"PING"});
    });
  }

  void send(const net::Command& command) {
    command.append_to(output);
    if (is_connected) flush();
  }

  void flush() {
    if (is_writing || output.empty() || closed) return;
    is_writing = true;
    writing = std::exchange(output, {});
    stream->write(boost::asio::buffer(writing),
                  [self = shared_from_this()](error_code error, std::size_t) {
                    self->is_writing = false;
                    if (error) return self->end();
                    self->flush();
                  });
  }

  void read() {
    stream->read_some(boost::asio::buffer(buffer),
                      [self = shared_from_this()](error_code error, std::size_t size) {
                        if (self->closed) return;
                        if (error || !self->reader.feed({self->buffer.data(), size}))
                          return self->end();
                        self->take_replies();
                        if (!self->closed) self->read();
                      });
  }

  void take_replies() {
    while (!closed) {
      auto reply = reader.next();
      if (!reply) return end();
      if (!*reply) return;
      if ((*reply)->text.starts_with("LOADING")) {
        loop.schedule(loop.now() + kLoadingPause,
                      [self = shared_from_this()] { self->send({"PING"}); });
      } else if (events.ready) {
        std::exchange(events.ready, nullptr)();
      }
    }
  }

  void end() {
    if (std::exchange(closed, true)) return;
    if (stream) stream->close();
    const auto gone = std::exchange(events.gone, nullptr);
    events.ready = nullptr;
    if (gone) gone();
  }
};

RedisProbe::RedisProbe(net::EventLoop& loop, const net::RedisAddress& address, Events events)
    : impl_(std::make_shared<Impl>(loop, std::move(events))) {
  impl_->start(address);
}

RedisProbe::~RedisProbe() {
  impl_->events = {};
  impl_->end();
}

void RedisProbe::send_shutdown() {
  if (!impl_->closed) impl_->send({"SHUTDOWN", "NOSAVE"});
}

}  // namespace agentainer::store
