#include "salus/edge/detail/tls_stream.h"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <limits>

namespace salus::edge::detail {
namespace {

// The encryption policy's suites (DESIGN 5, issue 2); AES-128 is left out on purpose.
constexpr const char* kSuites = "TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256";
constexpr unsigned char kAlpn[] = {8, 'h', 't', 't', 'p', '/', '1', '.', '1'};
constexpr unsigned char kSessionContext[] = {'s', 'a', 'l', 'u', 's'};

/// RFC 7301 3.2: a client that asks for other protocols only is told so.
int select_alpn(SSL*, const unsigned char** out, unsigned char* out_size, const unsigned char* in,
                unsigned in_size, void*) {
    unsigned char* chosen = nullptr;
    if (SSL_select_next_proto(&chosen, out_size, kAlpn, sizeof kAlpn, in, in_size) !=
        OPENSSL_NPN_NEGOTIATED)
        return SSL_TLSEXT_ERR_ALERT_FATAL;
    *out = chosen;
    return SSL_TLSEXT_ERR_OK;
}

int clamp_size(std::size_t size) {
    return static_cast<int>(
        std::min(size, static_cast<std::size_t>(std::numeric_limits<int>::max())));
}

}  // namespace

void SslFree::operator()(ssl_st* ssl) const {
    SSL_free(ssl);
}
void SslFree::operator()(ssl_ctx_st* context) const {
    SSL_CTX_free(context);
}

Result<SslContext> make_tls_context(const std::string& certificate_file,
                                    const std::string& key_file) {
    ERR_clear_error();
    SslContext context(SSL_CTX_new(TLS_server_method()));
    SSL_CTX* ctx = context.get();
    if (ctx == nullptr || SSL_CTX_set_min_proto_version(ctx, TLS1_3_VERSION) != 1 ||
        SSL_CTX_set_max_proto_version(ctx, TLS1_3_VERSION) != 1 ||
        SSL_CTX_set_ciphersuites(ctx, kSuites) != 1 ||
        SSL_CTX_set1_groups_list(ctx, "X25519:P-256:P-384") != 1)
        return fail(Errc::internal, "TLS 1.3 can't be set up.", "Check the OpenSSL configuration.");
    if (SSL_CTX_use_certificate_chain_file(ctx, certificate_file.c_str()) != 1)
        return fail(Errc::invalid, "The TLS certificate can't be loaded.",
                    "Check the PEM file in the home's tls folder.");
    if (SSL_CTX_use_PrivateKey_file(ctx, key_file.c_str(), SSL_FILETYPE_PEM) != 1 ||
        SSL_CTX_check_private_key(ctx) != 1)
        return fail(Errc::invalid, "The TLS key can't be loaded or is another certificate's.",
                    "Check the PEM file in the home's tls folder.");
    SSL_CTX_set_options(ctx, SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION);
    SSL_CTX_set_mode(ctx, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
                              SSL_MODE_RELEASE_BUFFERS);
    SSL_CTX_set_read_ahead(ctx, 1);  // header and payload of a record in one system call
    SSL_CTX_set_max_early_data(ctx, 0);
    SSL_CTX_set_num_tickets(ctx, 1);
    SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_session_id_context(ctx, kSessionContext, sizeof kSessionContext);
    SSL_CTX_set_alpn_select_cb(ctx, select_alpn, nullptr);
    return context;
}

Stream::Stream(int fd, ssl_ctx_st* context) : fd_(fd), plain_(context == nullptr) {
    if (plain_) return;
    ssl_.reset(SSL_new(context));
    if (ssl_ == nullptr) return;
    if (SSL_set_fd(ssl_.get(), fd) != 1) {
        ssl_.reset();
        return;
    }
    SSL_set_accept_state(ssl_.get());
}

IoResult Stream::result_of(int returned) const {
    switch (SSL_get_error(ssl_.get(), returned)) {
        case SSL_ERROR_WANT_READ:
            return {Io::want_read};
        case SSL_ERROR_WANT_WRITE:
            return {Io::want_write};
        default:
            return {Io::closed};
    }
}

IoResult Stream::handshake() {
    if (plain_) return {Io::done};
    ERR_clear_error();
    const int returned = SSL_do_handshake(ssl_.get());
    if (returned == 1) return {Io::done};
    const IoResult result = result_of(returned);
    broken_ = result.state == Io::closed;
    return result;
}

IoResult Stream::read(std::span<char> into) {
    if (plain_) {
        const ssize_t n = ::recv(fd_, into.data(), into.size(), 0);
        if (n > 0) return {Io::done, static_cast<std::size_t>(n)};
        if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR))
            return {Io::want_read};
        return {Io::closed};
    }
    ERR_clear_error();
    const int n = SSL_read(ssl_.get(), into.data(), clamp_size(into.size()));
    if (n > 0) return {Io::done, static_cast<std::size_t>(n)};
    const int error = SSL_get_error(ssl_.get(), n);
    broken_ = error == SSL_ERROR_SSL || error == SSL_ERROR_SYSCALL;
    return result_of(n);
}

IoResult Stream::write(std::string_view bytes) {
    if (plain_) {
        const ssize_t n = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
        if (n >= 0) return {Io::done, static_cast<std::size_t>(n)};
        if (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR) return {Io::want_write};
        return {Io::closed};
    }
    ERR_clear_error();
    const int n = SSL_write(ssl_.get(), bytes.data(), clamp_size(bytes.size()));
    if (n > 0) return {Io::done, static_cast<std::size_t>(n)};
    const IoResult result = result_of(n);
    broken_ = broken_ || result.state == Io::closed;
    return result;
}

void Stream::finish_writing() {
    if (ssl_ != nullptr && !broken_ && SSL_is_init_finished(ssl_.get())) {
        ERR_clear_error();
        SSL_shutdown(ssl_.get());
    }
    ::shutdown(fd_, SHUT_WR);
}

bool Stream::has_buffered() const {
    return ssl_ != nullptr && SSL_has_pending(ssl_.get()) == 1;
}

}  // namespace salus::edge::detail
