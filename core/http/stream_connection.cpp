// SPDX-License-Identifier: Apache-2.0
#include "core/http/stream_connection.hpp"

#include <array>
#include <boost/asio/write.hpp>
#include <charconv>
#include <utility>
#include <vector>

#include "core/http/channel.hpp"

namespace sense::http {

namespace {

constexpr std::size_t received_max = 4096;
constexpr auto shutdown_timeout = std::chrono::seconds{2};

// The size line of a chunk (RFC 9112 section 7.1).
std::string chunk_line(std::size_t octets) {
  std::array<char, 20> digits{};
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), octets, 16).ptr;
  return std::string(digits.data(), end) + "\r\n";
}

// One open stream. Lives as long as an operation is pending or its producer keeps it. The producer
// and this hold each other; finish() releases the producer.
class StreamConnection final : public ResponseStream,
                               public OpenConnection,
                               public std::enable_shared_from_this<StreamConnection> {
 public:
  StreamConnection(std::shared_ptr<Service> service, StreamStart start,
                   std::shared_ptr<StreamSource> source)
      : service_(std::move(service)),
        id_(start.id),
        channel_(std::move(start.channel)),
        frame_(std::move(start.head)),
        chunked_(start.chunked),
        has_certificate_(start.has_certificate),
        source_(std::move(source)) {
    ++service_->streams_open;
  }
  ~StreamConnection() override { finish(); }
  StreamConnection(const StreamConnection&) = delete;
  StreamConnection& operator=(const StreamConnection&) = delete;

  void start();
  void stop() override;
  void check_client(ssl_ctx_st& context) override;
  [[nodiscard]] Push push(std::shared_ptr<const std::string> octets) override;
  void end() override;
  [[nodiscard]] std::size_t waiting() const override { return waiting_; }

 private:
  using ErrorCode = boost::system::error_code;
  using Octets = std::vector<std::shared_ptr<const std::string>>;

  void read();
  void write();
  void on_written(ErrorCode error, bool last);
  void shut_down();
  void finish();

  std::shared_ptr<Service> service_;
  const ConnectionBudget::Id id_;
  std::unique_ptr<Channel> channel_;
  std::string frame_;  // precedes what is written next
  Octets queue_;
  Octets sent_;  // being written
  const bool chunked_;
  const bool has_certificate_;
  bool writing_ = false;
  bool full_ = false;  // a push was answered so
  bool ending_ = false;
  bool closing_ = false;  // all has been sent
  bool finished_ = false;
  std::size_t waiting_ = 0;
  std::size_t received_ = 0;
  std::shared_ptr<StreamSource> source_;  // null: it is told nothing any more
  std::array<char, 256> discarded_{};
};

void StreamConnection::start() {
  service_->streams.emplace(id_, this);
  read();
  write();
  const auto source = source_;
  source->begin(shared_from_this());
}

// Also how the client's end is noticed.
void StreamConnection::read() {
  channel_->expires_never();
  channel_->async_read_some(boost::asio::buffer(discarded_),
                            [self = shared_from_this()](ErrorCode error, std::size_t octets) {
                              self->received_ += octets;
                              if (self->closing_) return self->shut_down();
                              if (error || self->received_ > received_max) return self->finish();
                              self->read();
                            });
}

ResponseStream::Push StreamConnection::push(std::shared_ptr<const std::string> octets) {
  if (finished_ || ending_) return Push::gone;
  if (waiting_ >= service_->options.stream_queue_max) {
    full_ = true;
    return Push::full;
  }
  if (octets->empty()) return Push::taken;  // a chunk without octets would end the body
  waiting_ += octets->size();
  queue_.push_back(std::move(octets));
  write();
  return Push::taken;
}

void StreamConnection::end() {
  if (finished_ || ending_) return;
  ending_ = true;
  write();
}

// The operations that this begins go on while the reactor runs.
void StreamConnection::stop() {
  const auto source = std::exchange(source_, nullptr);
  if (!std::exchange(ending_, true) && source) source->gone();
  write();
}

void StreamConnection::check_client(ssl_ctx_st& context) {
  if (!has_certificate_ || is_accepted(channel_->tls(), context)) return;
  ++service_->tls_withdrawn;
  finish();
}

void StreamConnection::shut_down() {
  channel_->expires_after(shutdown_timeout);
  channel_->async_shutdown([self = shared_from_this()](ErrorCode) { self->finish(); });
}

void StreamConnection::write() {
  if (writing_ || closing_ || finished_) return;
  const bool last = ending_;
  if (queue_.empty() && frame_.empty() && !last) return;
  std::size_t octets = 0;
  for (const auto& each : queue_) octets += each->size();
  if (chunked_ && octets > 0) frame_ += chunk_line(octets);
  sent_ = std::exchange(queue_, {});
  std::vector<boost::asio::const_buffer> buffers = {boost::asio::buffer(frame_)};
  for (const auto& each : sent_) buffers.emplace_back(boost::asio::buffer(*each));
  static constexpr std::string_view line_end = "\r\n";
  static constexpr std::string_view last_chunk = "0\r\n\r\n";
  if (chunked_ && octets > 0) buffers.emplace_back(line_end.data(), line_end.size());
  if (chunked_ && last) buffers.emplace_back(last_chunk.data(), last_chunk.size());
  writing_ = true;
  channel_->expires_after(service_->options.write_timeout);
  boost::asio::async_write(*channel_, buffers,
                           [self = shared_from_this(), last](ErrorCode error, std::size_t) {
                             self->on_written(error, last);
                           });
}

void StreamConnection::on_written(ErrorCode error, bool last) {
  writing_ = false;
  if (error == boost::beast::error::timeout) ++service_->streams_slow;
  if (error || finished_ || (last && !channel_->has_tls())) return finish();
  if (last) {
    closing_ = true;
    return channel_->cancel();  // the read, whose place the shutdown takes
  }
  for (const auto& each : sent_) waiting_ -= each->size();
  sent_ = Octets();
  frame_ = std::string();  // an idle stream holds no memory for what it has sent
  write();
  if (!full_ || waiting_ > service_->options.stream_queue_max / 2) return;
  full_ = false;
  if (const auto source = source_; source && !ending_) source->has_room();
}

void StreamConnection::finish() {
  if (std::exchange(finished_, true)) return;
  boost::system::error_code error;
  channel_->socket().shutdown(boost::asio::ip::tcp::socket::shutdown_send, error);
  channel_->close();
  service_->stream_budget.close(id_);
  service_->streams.erase(id_);
  --service_->streams_open;
  queue_ = Octets();
  waiting_ = 0;
  const auto source = std::exchange(source_, nullptr);
  if (source && !ending_) source->gone();
}

}  // namespace

void serve_stream(std::shared_ptr<Service> service, StreamStart start,
                  std::shared_ptr<StreamSource> source) {
  std::make_shared<StreamConnection>(std::move(service), std::move(start), std::move(source))
      ->start();
}

}  // namespace sense::http
