#include "net/redis_connection.h"

#include <array>
#include <boost/asio/buffer.hpp>
#include <boost/asio/error.hpp>
#include <deque>
#include <string>
#include <utility>
#include <vector>

#include "base/check.h"
#include "base/log.h"
#include "net/byte_stream.h"

namespace agentainer::net {

using boost::system::error_code;

namespace {

constexpr std::size_t kReadBytes = 64 * 1024;
/// Memory an output buffer may keep when it is empty.
constexpr std::size_t kKeptBytes = 1024 * 1024;
constexpr milliseconds kLoadingPause = 20ms;

/// One connected socket. Its handlers share it, so its buffers outlive what is under way.
struct Session {
  std::shared_ptr<ByteStream> stream;
  ReplyReader reader;
  std::array<char, kReadBytes> read_buffer;
  std::string writing;
  bool is_writing = false;
};

struct Request {
  RedisConnection::Answer answer;
  std::size_t size_bytes = 0;
  std::uint64_t begin = 0;  ///< Position in the bytes of this session.
};

struct Waiting {
  std::string bytes;
  RedisConnection::Answer answer;
  TimePoint deadline;
};

}  // namespace

struct RedisConnection::Impl : std::enable_shared_from_this<Impl> {
  enum class State {
    kIdle,        ///< Not connected, nothing will change that.
    kConnecting,  ///< Up to the answer to the PING.
    kPreparing,   ///< The setup runs.
    kReady,
    kBackoff,  ///< A timer will try again.
    kClosed,
  };

  EventLoop& loop;
  const RedisAddress address;
  const RedisConnectionOptions options;
  Setup setup;

  State state = State::kIdle;
  Done first_done;  ///< Until the first attempt has ended.
  std::shared_ptr<Session> session;

  std::deque<Waiting> waiting;      ///< No connection yet.
  std::deque<Request> in_flight;    ///< In the order their answers will come.
  std::string output;               ///< Not yet handed to the socket.
  std::uint64_t appended = 0;       ///< Bytes of this session put into `output` so far.
  std::uint64_t write_started = 0;  ///< Of these, bytes handed to the socket.
  std::size_t unanswered_bytes = 0;
  bool flush_posted = false;

  TimePoint last_progress{};
  std::optional<Executor::TimerId> watch;          ///< Looks for requests without an answer.
  std::optional<Executor::TimerId> attempt_timer;  ///< Ends an attempt, or begins the next.
  milliseconds backoff{};
  std::string last_reason;  ///< Why there is no connection.
  TimePoint told{};         ///< When the log was last told why.

  Impl(EventLoop& event_loop, RedisAddress where, RedisConnectionOptions how)
      : loop(event_loop), address(std::move(where)), options(how) {}

  // --- Coming up ---------------------------------------------------------------------------------

  void attempt() {
    state = State::kConnecting;
    auto stream = make_byte_stream(loop.context(), address);
    if (!stream) return lose(stream.error());
    session = std::make_shared<Session>();
    session->stream = std::move(*stream);
    appended = write_started = 0;
    set_attempt_timer(options.connect_timeout, [this] {
      lose({ErrorCode::kUnavailable,
            fmt::format("cannot connect to {}: no answer within {} ms", address.display(),
                        options.connect_timeout.count())});
    });
    session->stream->connect([self = shared_from_this(), mine = session](Status status) {
      if (self->session != mine) return;
      if (!status) return self->lose(status.error());
      self->read();
      self->log_in();
    });
  }

  void log_in() {
    if (!address.password.empty()) {
      Command auth{"AUTH"};
      if (!address.user.empty()) auth.add(address.user);
      enqueue(auth.add(address.password), expect_ok());
    }
    if (address.database != 0)
      enqueue(Command{"SELECT"}.add(std::uint64_t{address.database}), expect_ok());
    ping();
  }

  Answer expect_ok() {
    return [this](Result<Reply> reply) {
      if (reply && reply->is_error()) lose(log_in_error(reply->text));
    };
  }

  Error log_in_error(std::string_view text) {
    Error error = redis_error(text);
    error.message = fmt::format("cannot log in to {}: {}", address.display(), error.message);
    return error;
  }

  void ping() {
    enqueue(Command{"PING"}, [this](Result<Reply> reply) {
      if (!reply) return;
      if (reply->is_error() && !reply->text.starts_with("LOADING"))
        return lose(log_in_error(reply->text));
      if (!reply->is_error()) return prepare();
      // It may take minutes and needs no limit: Redis is there and says what it does.
      set_attempt_timer(kLoadingPause, [this] { ping(); });
    });
  }

  void prepare() {
    clear_attempt_timer();
    state = State::kPreparing;
    if (!setup) return become_ready();
    setup([self = shared_from_this(), mine = session](Status status) {
      if (self->session != mine || self->state != State::kPreparing) return;
      if (!status) return self->lose(status.error());
      self->become_ready();
    });
  }

  void become_ready() {
    state = State::kReady;
    backoff = milliseconds{0};
    if (!last_reason.empty()) log::info("connected to {} again", address.display());
    last_reason.clear();
    for (Waiting& request : std::exchange(waiting, {}))
      enqueue_bytes(request.bytes, std::move(request.answer), request.bytes.size());
    if (first_done) std::exchange(first_done, nullptr)(Status());
  }

  // --- Going down --------------------------------------------------------------------------------

  /// Ends this session or attempt. Commands of which a byte may have left are in doubt.
  void lose(const Error& reason) {
    if (state == State::kClosed) return;
    const auto self = shared_from_this();
    clear_attempt_timer();
    if (session) std::exchange(session, nullptr)->stream->close();
    auto lost = std::exchange(in_flight, {});
    output.clear();
    note_reason(reason.message);
    if (first_done) {
      state = State::kIdle;
    } else {
      try_again_later();
    }
    for (Request& request : lost) {
      if (state == State::kClosed) return;
      unanswered_bytes -= request.size_bytes;
      if (request.begin < write_started)
        request.answer(
            fail(ErrorCode::kMaybeDone, "{}; what was sent may have happened", reason.message));
      else
        request.answer(fail(ErrorCode::kUnavailable, "{}", reason.message));
    }
    if (state == State::kIdle && first_done) {
      refuse_waiting(TimePoint::max());
      std::exchange(first_done, nullptr)(tl::make_unexpected(reason));
    }
  }

  /// A break is told at once, and then from time to time while there is no lasting connection.
  void note_reason(const std::string& reason) {
    constexpr milliseconds kTellAgain = 10s;
    last_reason = reason;
    if (first_done || loop.now() - told < kTellAgain) return;
    told = loop.now();
    log::warning("{}", reason);
  }

  void try_again_later() {
    state = State::kBackoff;
    backoff =
        backoff.count() == 0 ? options.first_backoff : std::min(backoff * 2, options.max_backoff);
    set_attempt_timer(backoff, [this] { attempt(); });
  }

  void shut_down() {
    state = State::kClosed;
    clear_attempt_timer();
    if (watch) loop.cancel(*std::exchange(watch, std::nullopt));
    if (session) std::exchange(session, nullptr)->stream->close();
    // Moved out first: what an answer holds may end up here again when it is destroyed.
    const auto unanswered = std::exchange(in_flight, {});
    const auto unsent = std::exchange(waiting, {});
    const auto done = std::exchange(first_done, nullptr);
    const auto prepare_with = std::exchange(setup, nullptr);
  }

  // --- Requests ----------------------------------------------------------------------------------

  void send(const Command& command, Answer answer) {
    const std::size_t size = command.size_bytes();
    if (state == State::kClosed) return;
    if (state == State::kIdle) return refuse(std::move(answer), "there is no connection to");
    if (unanswered_bytes != 0 && unanswered_bytes + size > options.max_unanswered_bytes)
      return refuse(std::move(answer), "too much is waiting for an answer of");
    if (state == State::kReady) return enqueue(command, std::move(answer));
    Waiting& request = waiting.emplace_back();
    command.append_to(request.bytes);
    unanswered_bytes += request.bytes.size();
    request.answer = std::move(answer);
    request.deadline = loop.now() + options.request_timeout;
    arm_watch(request.deadline);
  }

  void refuse(Answer answer, std::string_view reason) {
    loop.post([self = shared_from_this(), answer = std::move(answer),
               message = fmt::format("{} {}", reason, address.display())] {
      if (self->state != State::kClosed) answer(fail(ErrorCode::kUnavailable, "{}", message));
    });
  }

  void enqueue(const Command& command, Answer answer) {
    const std::size_t before = output.size();
    command.append_to(output);
    enqueued(std::move(answer), output.size() - before);
    unanswered_bytes += output.size() - before;
  }

  /// `size` is already part of unanswered_bytes.
  void enqueue_bytes(std::string_view bytes, Answer answer, std::size_t size) {
    output.append(bytes);
    enqueued(std::move(answer), size);
  }

  void enqueued(Answer answer, std::size_t size) {
    if (in_flight.empty()) last_progress = loop.now();
    in_flight.push_back({std::move(answer), size, appended});
    appended += size;
    arm_watch(last_progress + options.request_timeout);
    if (std::exchange(flush_posted, true)) return;
    loop.post([self = shared_from_this()] {
      self->flush_posted = false;
      self->flush();
    });
  }

  void flush() {
    if (!session || session->is_writing || output.empty()) return;
    session->is_writing = true;
    std::swap(session->writing, output);
    write_started = appended;
    session->stream->write(
        boost::asio::buffer(session->writing),
        [self = shared_from_this(), mine = session](error_code error, std::size_t) {
          mine->is_writing = false;
          mine->writing.clear();
          if (mine->writing.capacity() > kKeptBytes) mine->writing.shrink_to_fit();
          if (self->session != mine) return;
          if (error) return self->lose(broken(self->address, error));
          self->flush();
        });
  }

  static Error broken(const RedisAddress& address, error_code error) {
    return {ErrorCode::kUnavailable,
            fmt::format("lost the connection to {}: {}", address.display(),
                        error == boost::asio::error::eof ? "closed by Redis" : error.message())};
  }

  void read() {
    session->stream->read_some(
        boost::asio::buffer(session->read_buffer),
        [self = shared_from_this(), mine = session](error_code error, std::size_t size) {
          if (self->session != mine) return;
          if (error) return self->lose(broken(self->address, error));
          self->last_progress = self->loop.now();
          if (self->dispatch(mine, size)) self->read();
        });
  }

  /// False: the session has ended meanwhile.
  bool dispatch(const std::shared_ptr<Session>& mine, std::size_t size) {
    Status fed = mine->reader.feed({mine->read_buffer.data(), size});
    if (!fed) return lose(fed.error()), false;
    for (;;) {
      auto reply = mine->reader.next();
      if (!reply) return lose(reply.error()), false;
      if (!*reply) return true;
      if (in_flight.empty()) {
        lose({ErrorCode::kUnavailable,
              fmt::format("{} answered what nobody asked: {}", address.display(), (*reply)->text)});
        return false;
      }
      Request request = std::move(in_flight.front());
      in_flight.pop_front();
      unanswered_bytes -= request.size_bytes;
      request.answer(std::move(**reply));
      if (session != mine) return false;
    }
  }

  // --- Time --------------------------------------------------------------------------------------

  void set_attempt_timer(milliseconds delay, std::function<void()> task) {
    clear_attempt_timer();
    attempt_timer =
        loop.schedule(loop.now() + delay, [self = shared_from_this(), task = std::move(task)] {
          self->attempt_timer.reset();
          if (self->state != State::kClosed) task();
        });
  }
  void clear_attempt_timer() {
    if (attempt_timer) loop.cancel(*std::exchange(attempt_timer, std::nullopt));
  }

  /// One timer serves all requests: it is armed when there is something to watch and looks again
  /// when it has come too early.
  void arm_watch(TimePoint due) {
    if (watch) return;
    watch = loop.schedule(due, [self = shared_from_this()] {
      self->watch.reset();
      self->look_for_overdue();
    });
  }

  void look_for_overdue() {
    const TimePoint now = loop.now();
    if (!in_flight.empty() && now >= last_progress + options.request_timeout)
      lose({ErrorCode::kUnavailable, fmt::format("{} has not answered for {} ms", address.display(),
                                                 options.request_timeout.count())});
    refuse_waiting(now);
    if (state == State::kClosed) return;
    if (!in_flight.empty()) arm_watch(last_progress + options.request_timeout);
    if (!waiting.empty()) arm_watch(waiting.front().deadline);
  }

  /// Those that have waited too long at `now`.
  void refuse_waiting(TimePoint now) {
    while (!waiting.empty() && waiting.front().deadline <= now) {
      Waiting request = std::move(waiting.front());
      waiting.pop_front();
      unanswered_bytes -= request.bytes.size();
      request.answer(
          fail(ErrorCode::kUnavailable, "{}",
               last_reason.empty() ? "no connection to " + address.display() : last_reason));
    }
  }
};

RedisConnection::RedisConnection(EventLoop& loop, RedisAddress address,
                                 RedisConnectionOptions options)
    : impl_(std::make_shared<Impl>(loop, std::move(address), options)) {}

RedisConnection::~RedisConnection() { impl_->shut_down(); }

void RedisConnection::set_setup(Setup setup) { impl_->setup = std::move(setup); }

void RedisConnection::connect(Done done) {
  AGENTAINER_CHECK(impl_->state == Impl::State::kIdle, "connect() is called once");
  impl_->first_done = std::move(done);
  impl_->state = Impl::State::kConnecting;
  impl_->loop.post([impl = impl_] {
    if (impl->state == Impl::State::kConnecting) impl->attempt();
  });
}

void RedisConnection::send(const Command& command, Answer answer) {
  impl_->send(command, std::move(answer));
}

void RedisConnection::send_first(const Command& command, Answer answer) {
  AGENTAINER_CHECK(impl_->state == Impl::State::kPreparing, "send_first() is for the setup");
  impl_->enqueue(command, std::move(answer));
}

void RedisConnection::close() { impl_->shut_down(); }

void RedisConnection::reconnect(std::string reason) {
  impl_->loop.post([impl = impl_, mine = impl_->session, reason = std::move(reason)] {
    if (mine && impl->session == mine) impl->lose({ErrorCode::kUnavailable, reason});
  });
}

void RedisConnection::retry_now() {
  if (impl_->state != Impl::State::kBackoff) return;
  impl_->clear_attempt_timer();
  impl_->attempt();
}

bool RedisConnection::is_ready() const { return impl_->state == Impl::State::kReady; }
const RedisAddress& RedisConnection::address() const { return impl_->address; }

}  // namespace agentainer::net
