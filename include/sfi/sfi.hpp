/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/**
 * @file sfi.hpp
 * libsfi's host side for C++17: handles that release themselves, errors as
 * exceptions, views of bytes.
 *
 * This layer is thin, and all in this header.  Each class holds one handle of
 * the C API; its members are the C functions of the same name, whose comments
 * say what they do, when they block and how they fail.  What has no member here
 * is called with get(), and its status goes to context::check():
 *
 *     ctx.check(sfi_target_halt(target.get()));
 *
 * A handle keeps its context, so the order of destruction never matters.  A
 * function object that is called back may throw: the call that led to it throws
 * the same exception, after libsfi has ended it.  Links of the program's own,
 * shared HSMs and batches of licences are in sfi/custom.hpp.
 */
#ifndef SFI_SFI_HPP
#define SFI_SFI_HPP

#include <array>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <functional>
#include <initializer_list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include <sfi/sfi.h>

namespace sfi {

/** Borrowed bytes: anything with data() and size() whose elements are bytes. */
class bytes {
  public:
    constexpr bytes() noexcept = default;
    constexpr bytes(const std::uint8_t *data, std::size_t size) noexcept
        : data_(data), size_(size) {}
    template <typename C,
              typename E = std::remove_pointer_t<
                  decltype(std::declval<const C &>().data())>,
              typename = std::enable_if_t<sizeof(E) == 1>>
    bytes(const C &c) noexcept
        : data_(reinterpret_cast<const std::uint8_t *>(c.data())),
          size_(c.size()) {}
    constexpr const std::uint8_t *data() const noexcept { return data_; }
    constexpr std::size_t size() const noexcept { return size_; }
    constexpr bool empty() const noexcept { return size_ == 0; }
    constexpr const std::uint8_t *begin() const noexcept { return data_; }
    constexpr const std::uint8_t *end() const noexcept { return data_ + size_; }
    constexpr std::uint8_t operator[](std::size_t i) const noexcept {
        return data_[i];
    }

  private:
    const std::uint8_t *data_ = nullptr;
    std::size_t size_ = 0;
};

using buffer = std::vector<std::uint8_t>;
using nonce = std::array<std::uint8_t, SFI_NONCE_LEN>;
using finding_function = std::function<void(const sfi_finding &)>;
using progress_function = std::function<void(const sfi_progress &)>;

/** What a call failed with; what() is "where: message". */
class error : public std::exception {
  public:
    error(sfi_status status, std::string where, std::string message,
          std::int32_t os_code = 0, std::int32_t peer_code = 0)
        : status_(status), os_code_(os_code), peer_code_(peer_code),
          texts_(std::make_shared<const texts>(std::move(where),
                                               std::move(message))) {}
    /** SFI_ERR_*, negative. */
    sfi_status status() const noexcept { return status_; }
    /** "SFI_ERR_AUTH" */
    const char *name() const noexcept { return sfi_status_name(status_); }
    /** The place: "fw.hex:12", "vault:line.vault"; or "". */
    const std::string &where() const noexcept { return texts_->where; }
    const std::string &message() const noexcept { return texts_->message; }
    /** What to do about it, as far as the status alone says. */
    const char *hint() const noexcept { return sfi_status_hint(status_); }
    /** errno, or 0. */
    std::int32_t os_code() const noexcept { return os_code_; }
    /** The device's cause (SFI_CAUSE_*), a card's SW1SW2, or 0. */
    std::int32_t peer_code() const noexcept { return peer_code_; }
    const char *what() const noexcept override { return texts_->what.c_str(); }

  private:
    /* shared, since an exception's copy must not throw */
    struct texts {
        std::string where, message, what;
        texts(std::string w, std::string m)
            : where(std::move(w)), message(std::move(m)),
              what(where.empty() ? message : where + ": " + message) {}
    };
    sfi_status status_;
    std::int32_t os_code_, peer_code_;
    std::shared_ptr<const texts> texts_;
};

/** A context; copies are the same context. */
class context {
  public:
    using log_function = std::function<void(int level, std::string_view line)>;

    context() : context(log_function(), SFI_LOG_NONE) {}
    /** `log` gets the lines up to `level`; what it throws is dropped. */
    explicit context(log_function log, int level = SFI_LOG_INFO) {
        auto kept = std::make_shared<log_function>(std::move(log));
        sfi_ctx_options o{};
        sfi_ctx *ctx = nullptr;

        o.struct_size = sizeof(o);
        o.log_level = static_cast<std::uint32_t>(level);
        o.log = *kept ? write_log : nullptr;
        o.log_user = kept.get();
        sfi_status st = sfi_ctx_new(&o, &ctx);
        if (st != SFI_OK)
            throw error(st, "", sfi_status_str(st));
        ctx_ = std::shared_ptr<sfi_ctx>(
            ctx, [kept](sfi_ctx *c) { sfi_ctx_free(c); });
    }
    sfi_ctx *get() const noexcept { return ctx_.get(); }
    /** Throw what a function of this context or its handles returned, or what
     * its callback threw. */
    void check(sfi_status st) const {
        if (st >= SFI_OK)
            return;
        std::exception_ptr thrown = std::exchange(*thrown_, nullptr);
        if (thrown && st == SFI_ERR_CALLBACK)
            std::rethrow_exception(thrown);
        const sfi_error *e = sfi_ctx_error(get());
        if (sfi_error_status(e) != st)
            throw error(st, "", sfi_status_str(st));
        throw error(st, sfi_error_where(e), sfi_error_message(e),
                    sfi_error_os_code(e), sfi_error_peer_code(e));
    }
    /** Any thread. */
    void cancel(bool on = true) const noexcept { sfi_ctx_cancel(get(), on); }
    /** In a callback: what check() throws when the call has failed. */
    void keep(std::exception_ptr e) const noexcept { *thrown_ = e; }

  private:
    static void write_log(void *user, int level, const char *line) {
        try {
            (*static_cast<log_function *>(user))(level, line);
        } catch (...) {
        }
    }
    std::shared_ptr<sfi_ctx> ctx_;
    std::shared_ptr<std::exception_ptr> thrown_ =
        std::make_shared<std::exception_ptr>();
};

namespace detail {
/* A function object for C to call; what it throws waits until C is left. */
template <typename Arg> class callback {
  public:
    callback() = default;
    explicit callback(std::function<void(const Arg &)> f) : f_(std::move(f)) {}
    static void call(void *user, const Arg *arg) {
        auto *self = static_cast<callback *>(user);

        if (self->thrown_ || !self->f_)
            return;
        try {
            self->f_(*arg);
        } catch (...) {
            self->thrown_ = std::current_exception();
            if (self->on_throw)
                self->on_throw();
        }
    }
    void rethrow() {
        if (thrown_)
            std::rethrow_exception(std::exchange(thrown_, nullptr));
    }
    std::function<void()> on_throw;

  private:
    std::function<void(const Arg &)> f_;
    std::exception_ptr thrown_;
};
} // namespace detail

/** One handle of the C API: moved, not copied. */
template <typename T, void (*Free)(T *)> class handle {
  public:
    /** For the C API; stays the object's. */
    T *get() const noexcept { return p_.get(); }
    explicit operator bool() const noexcept { return p_ != nullptr; }
    const context &ctx() const noexcept { return ctx_; }
    /** Release it now. */
    void reset() noexcept { p_.reset(); }

  protected:
    /** Takes over what the C API made. */
    handle(context ctx, T *p) : ctx_(std::move(ctx)), p_(p) {}
    void check(sfi_status st) const { ctx_.check(st); }
    /* Call a function of the C API whose last argument receives a handle. */
    template <typename H, typename F, typename... A>
    static H make(const context &ctx, F f, A... args) {
        T *p = nullptr;

        ctx.check(f(args..., &p));
        return H(ctx, p);
    }

  private:
    struct deleter {
        void operator()(T *p) const noexcept { Free(p); }
    };
    context ctx_;
    std::unique_ptr<T, deleter> p_;
};

/** A part; a value. */
class chip {
  public:
    /** Throws SFI_ERR_ARGUMENT when no part has this name. */
    static chip find(const std::string &name) {
        const sfi_chip *c = sfi_chip_find(name.c_str());

        if (c == nullptr)
            throw error(SFI_ERR_ARGUMENT, name, "libsfi knows no such part");
        return chip(c);
    }
    /** All parts. */
    static std::vector<chip> list() {
        std::vector<chip> all;

        for (std::size_t i = 0; const sfi_chip *c = sfi_chip_at(i); i++)
            all.emplace_back(c);
        return all;
    }
    explicit chip(const sfi_chip *c) noexcept : c_(c) {}
    const sfi_chip *get() const noexcept { return c_; }
    std::string name() const { return sfi_chip_name(c_); }
    std::uint32_t device_id() const noexcept { return sfi_chip_device_id(c_); }
    std::uint64_t flash_base() const noexcept {
        return sfi_chip_flash_base(c_);
    }
    std::uint64_t flash_size() const noexcept {
        return sfi_chip_flash_size(c_);
    }
    std::uint32_t sector_size() const noexcept {
        return sfi_chip_sector_size(c_);
    }

  private:
    const sfi_chip *c_;
};

/** A firmware key: it cannot be read back. */
class key : public handle<sfi_key, sfi_key_free> {
  public:
    key(const context &c, sfi_key *p) : handle(c, p) {}
    key(const context &c, bytes b)
        : key(make<key>(c, sfi_key_new, c.get(), b.data(), b.size())) {}
    static key load(const context &c, const std::string &path) {
        return make<key>(c, sfi_key_load, c.get(), path.c_str());
    }
    /** Draw a key, which no file has. */
    static key generate(const context &c) {
        return make<key>(c, sfi_key_generate, c.get());
    }
    /** Draw a key into a new file. */
    static void create(const context &c, const std::string &path) {
        c.check(sfi_key_create(c.get(), path.c_str()));
    }
};

inline nonce load_nonce(const context &c, const std::string &path) {
    nonce n{};

    c.check(sfi_nonce_load(c.get(), path.c_str(), n.data()));
    return n;
}

/** Draw a nonce into a new file. */
inline void create_nonce(const context &c, const std::string &path) {
    c.check(sfi_nonce_create(c.get(), path.c_str()));
}

/** A firmware: segments, in the order of their addresses. */
class firmware : public handle<sfi_firmware, sfi_firmware_free> {
  public:
    struct segment {
        std::uint64_t address;
        bytes data; /**< the firmware's */
    };

    firmware(const context &c, sfi_firmware *p) : handle(c, p) {}
    static firmware load(const context &c, const std::string &path) {
        return make<firmware>(c, sfi_firmware_load, c.get(), path.c_str());
    }
    static firmware load_binary(const context &c, const std::string &path,
                                std::uint64_t address) {
        return make<firmware>(c, sfi_firmware_load_binary, c.get(),
                              path.c_str(), address);
    }
    /** `format` "" is recognised by content; "bin" needs an address. */
    static firmware parse(const context &c, bytes b,
                          const std::string &format = "",
                          std::uint64_t address = 0) {
        return make<firmware>(c, sfi_firmware_parse, c.get(),
                              format.empty() ? nullptr : format.c_str(),
                              address, b.data(), b.size());
    }
    std::string format() const { return sfi_firmware_format(get()); }
    std::size_t size() const noexcept {
        return sfi_firmware_segment_count(get());
    }
    segment operator[](std::size_t index) const {
        std::uint64_t address = 0;
        const std::uint8_t *data = nullptr;
        std::size_t len = 0;

        check(sfi_firmware_segment(get(), index, &address, &data, &len));
        return {address, bytes(data, len)};
    }
    void save(const std::string &path) const {
        check(sfi_firmware_save(get(), path.c_str(), nullptr));
    }
};

/** Option bytes of a part. */
class option_bytes : public handle<sfi_option_bytes, sfi_option_bytes_free> {
  public:
    option_bytes(const context &c, sfi_option_bytes *p) : handle(c, p) {}
    /** Those of a new chip. */
    option_bytes(const context &c, chip part)
        : option_bytes(make<option_bytes>(c, sfi_option_bytes_new, c.get(),
                                          part.get())) {}
    static option_bytes load(const context &c, chip part,
                             const std::string &path) {
        return make<option_bytes>(c, sfi_option_bytes_load, c.get(), part.get(),
                                  path.c_str());
    }
    static option_bytes parse(const context &c, chip part,
                              std::string_view csv) {
        return make<option_bytes>(c, sfi_option_bytes_parse, c.get(),
                                  part.get(), csv.data(), csv.size());
    }
    std::size_t size() const noexcept { return sfi_option_bytes_count(get()); }
    /** Name and value of a row. */
    std::pair<std::string, std::uint32_t> operator[](std::size_t index) const {
        const char *name = nullptr;
        std::uint32_t value = 0;

        check(sfi_option_bytes_get(get(), index, &name, &value));
        return {name, value};
    }
    /** Set a row or a field by its name. */
    option_bytes &set(const std::string &name, std::uint32_t value) {
        check(sfi_option_bytes_set(get(), name.c_str(), value));
        return *this;
    }
    std::string csv(std::uint32_t flags = 0) const {
        const char *text = nullptr;

        check(sfi_option_bytes_csv(get(), flags, &text));
        return text;
    }
};

/** Builds an image; the setters return the builder. */
class image_builder : public handle<sfi_image_builder, sfi_image_builder_free> {
  public:
    image_builder(const context &c, sfi_image_builder *p) : handle(c, p) {}
    image_builder(const context &c, chip part)
        : image_builder(make<image_builder>(c, sfi_image_builder_new, c.get(),
                                            part.get())) {}
    image_builder &set_key(const key &k) {
        return did(sfi_image_builder_set_key(get(), k.get()));
    }
    image_builder &set_nonce(bytes n) {
        return did(sfi_image_builder_set_nonce(get(), n.data(), n.size()));
    }
    image_builder &set_register(const std::string &path,
                                std::uint32_t flags = 0) {
        return did(sfi_image_builder_set_register(get(), path.c_str(), flags));
    }
    image_builder &set_version(std::uint32_t version) {
        return did(sfi_image_builder_set_version(get(), version));
    }
    image_builder &set_padding(bool automatic) {
        return did(sfi_image_builder_set_padding(
            get(), automatic ? SFI_PADDING_AUTO : SFI_PADDING_NONE));
    }
    image_builder &add_firmware(const firmware &fw) {
        return did(sfi_image_builder_add_firmware(get(), fw.get()));
    }
    image_builder &add_module(bytes smi) {
        return did(sfi_image_builder_add_module(get(), smi.data(), smi.size()));
    }
    image_builder &set_option_bytes(const option_bytes &ob) {
        return did(sfi_image_builder_set_option_bytes(get(), ob.get()));
    }
    /** Report what is wrong or doubtful; throws after an error was reported. */
    void check_image(finding_function report) {
        detail::callback<sfi_finding> c(std::move(report));
        sfi_status st = sfi_image_builder_check(get(), c.call, &c);

        c.rethrow();
        check(st);
    }
    void save(const std::string &path) {
        check(sfi_image_builder_save(get(), path.c_str()));
    }
    /** The image in memory. */
    buffer build() {
        sink s;
        sfi_status st = sfi_image_builder_write(get(), sink::write, &s);

        if (s.thrown)
            std::rethrow_exception(s.thrown);
        check(st);
        return std::move(s.out);
    }

  private:
    struct sink {
        buffer out;
        std::exception_ptr thrown;

        static sfi_status write(void *user, const std::uint8_t *data,
                                std::size_t len) {
            auto *s = static_cast<sink *>(user);

            try {
                s->out.insert(s->out.end(), data, data + len);
            } catch (...) {
                s->thrown = std::current_exception();
                return SFI_ERR_NOMEM;
            }
            return SFI_OK;
        }
    };
    image_builder &did(sfi_status st) {
        check(st);
        return *this;
    }
};

/** Reads an image that comes in pieces. */
class image_reader : public handle<sfi_image_reader, sfi_image_reader_free> {
  public:
    image_reader(const context &c, sfi_image_reader *p) : handle(c, p) {}
    /** The structure alone. */
    explicit image_reader(const context &c)
        : image_reader(make<image_reader>(c, sfi_image_reader_new, c.get(),
                                          nullptr, nullptr)) {}
    /** Decrypts and verifies. */
    image_reader(const context &c, const key &k, const nonce &n)
        : image_reader(make<image_reader>(c, sfi_image_reader_new, c.get(),
                                          k.get(), n.data())) {}
    void feed(bytes b) {
        check(sfi_image_reader_feed(get(), b.data(), b.size()));
    }
    /** The next event; none: feed more, or the image is complete. */
    std::optional<sfi_image_event> next() {
        sfi_image_event e{};

        e.struct_size = sizeof(e);
        check(sfi_image_reader_next(get(), &e));
        if (e.kind == SFI_EVENT_NEED_INPUT || e.kind == SFI_EVENT_DONE)
            return std::nullopt;
        return e;
    }
    /** Throws unless the image is complete. */
    void finish() { check(sfi_image_reader_finish(get())); }
};

/** A chip's certificate. */
class certificate : public handle<sfi_certificate, sfi_certificate_free> {
  public:
    certificate(const context &c, sfi_certificate *p) : handle(c, p) {}
    certificate(const context &c, bytes b)
        : certificate(make<certificate>(c, sfi_certificate_parse, c.get(),
                                        b.data(), b.size())) {}
    static certificate load(const context &c, const std::string &path) {
        return make<certificate>(c, sfi_certificate_load, c.get(),
                                 path.c_str());
    }
    void save(const std::string &path) const {
        check(sfi_certificate_save(get(), path.c_str()));
    }
    bytes data() const noexcept {
        std::size_t len = 0;
        const std::uint8_t *p = sfi_certificate_data(get(), &len);

        return {p, len};
    }
    std::string product_id() const { return sfi_certificate_product_id(get()); }
    std::string device_id() const { return sfi_certificate_device_id(get()); }
};

/** A licence of one chip. */
class license : public handle<sfi_license, sfi_license_free> {
  public:
    license(const context &c, sfi_license *p) : handle(c, p) {}
    license(const context &c, bytes b)
        : license(make<license>(c, sfi_license_parse, c.get(), b.data(),
                                b.size())) {}
    static license load(const context &c, const std::string &path) {
        return make<license>(c, sfi_license_load, c.get(), path.c_str());
    }
    void save(const std::string &path) const {
        check(sfi_license_save(get(), path.c_str()));
    }
    bytes data() const noexcept {
        std::size_t len = 0;
        const std::uint8_t *p = sfi_license_data(get(), &len);

        return {p, len};
    }
};

/** A folder of licences. */
class license_store : public handle<sfi_license_store, sfi_license_store_free> {
  public:
    license_store(const context &c, sfi_license_store *p) : handle(c, p) {}
    license_store(const context &c, const std::string &path, bool create)
        : license_store(make<license_store>(c, sfi_license_store_open, c.get(),
                                            path.c_str(), create ? 1 : 0)) {}
    void put(const certificate &cert, const license &lic) {
        check(sfi_license_store_put(get(), cert.get(), lic.get()));
    }
    std::optional<license> find(const certificate &cert) {
        sfi_license *lic = nullptr;

        check(sfi_license_store_find(get(), cert.get(), &lic));
        if (lic == nullptr)
            return std::nullopt;
        return license(ctx(), lic);
    }
};

/** The product and the CA that an HSM will trust. */
class personalization
    : public handle<sfi_personalization, sfi_personalization_free> {
  public:
    personalization(const context &c, sfi_personalization *p) : handle(c, p) {}
    static personalization load(const context &c, const std::string &path) {
        return make<personalization>(c, sfi_personalization_load, c.get(),
                                     path.c_str());
    }
    std::string product_id() const {
        return sfi_personalization_product_id(get());
    }
    bytes ca_public_key() const noexcept {
        std::size_t len = 0;
        const std::uint8_t *p = sfi_personalization_ca_public_key(get(), &len);

        return {p, len};
    }
};

/** An HSM: holds the firmware's key, gives licences and counts them. */
class hsm : public handle<sfi_hsm, sfi_hsm_free> {
  public:
    hsm(const context &c, sfi_hsm *p) : handle(c, p) {}
    hsm(const context &c, const std::string &uri)
        : hsm(make<hsm>(c, sfi_hsm_open, c.get(), uri.c_str())) {}
    void login(std::string_view pin) {
        check(sfi_hsm_login(get(), pin.data(), pin.size()));
    }
    sfi_hsm_info info() {
        sfi_hsm_info i{};

        i.struct_size = sizeof(i);
        check(sfi_hsm_get_info(get(), &i));
        return i;
    }
    void provision(const key &k, const nonce &n, const std::string &firmware_id,
                   std::uint64_t max_count, const personalization &p,
                   const sfi_provision_options *options = nullptr) {
        check(sfi_hsm_provision(get(), k.get(), n.data(), n.size(),
                                firmware_id.c_str(), max_count, p.get(),
                                options));
    }
    license generate_license(const certificate &cert) {
        sfi_license *lic = nullptr;

        check(sfi_hsm_generate_license(get(), cert.get(), &lic));
        return license(ctx(), lic);
    }
    license generate_live_license(const certificate &cert,
                                  std::uint32_t session) {
        sfi_license *lic = nullptr;

        check(sfi_hsm_generate_live_license(get(), cert.get(), session, &lic));
        return license(ctx(), lic);
    }
    /** Throws SFI_ERR_AUTH when the image is of another key or nonce. */
    void check_image(bytes image) {
        check(sfi_hsm_check_image(get(), image.data(), image.size()));
    }
    void export_audit(const std::string &path) {
        check(sfi_hsm_export_audit(get(), path.c_str()));
    }
    void retire() { check(sfi_hsm_retire(get())); }
};

/** A link to a chip. */
class transport : public handle<sfi_transport, sfi_transport_free> {
  public:
    transport(const context &c, sfi_transport *p) : handle(c, p) {}
    transport(const context &c, const std::string &uri)
        : transport(
              make<transport>(c, sfi_transport_open, c.get(), uri.c_str())) {}
    /** What is connected. */
    static std::vector<sfi_transport_found> list(const context &c) {
        std::vector<sfi_transport_found> all;
        detail::callback<sfi_transport_found> add(
            [&all](const sfi_transport_found &f) { all.push_back(f); });
        sfi_status st = sfi_transport_list(c.get(), add.call, &add);

        add.rethrow();
        c.check(st);
        return all;
    }
    void capture(const std::string &path) {
        check(sfi_transport_capture(get(), path.c_str()));
    }
};

/** A chip that answers on a link. */
class target : public handle<sfi_target, sfi_target_free> {
  public:
    target(const context &c, sfi_target *p) : handle(c, p) {}
    /** `timeout_ms` 0: the default. */
    explicit target(const transport &tp,
                    std::optional<chip> expected = std::nullopt,
                    std::uint32_t timeout_ms = 0)
        : target(make<target>(tp.ctx(), sfi_target_connect, tp.ctx().get(),
                              expected ? expected->get() : nullptr, tp.get(),
                              timeout_ms)) {}
    chip part() const noexcept { return chip(sfi_target_chip(get())); }
    sfi_target_info info() {
        sfi_target_info i{};

        i.struct_size = sizeof(i);
        check(sfi_target_get_info(get(), &i));
        return i;
    }
    void on_progress(progress_function f) {
        auto next =
            std::make_unique<detail::callback<sfi_progress>>(std::move(f));

        next->on_throw = [t = get()] { sfi_target_cancel(t, 1); };
        check(sfi_target_set_progress(get(), next->call, next.get()));
        progress_ = std::move(next);
    }
    /** Erase what it needs, write, verify. */
    void program(const firmware &fw,
                 const sfi_program_options *options = nullptr) {
        did(sfi_target_program(get(), fw.get(), options));
    }
    void verify(const firmware &fw) { did(sfi_target_verify(get(), fw.get())); }
    buffer read(std::uint64_t address, std::size_t len) {
        buffer out(len);

        did(sfi_target_read(get(), address, out.data(), out.size()));
        return out;
    }
    void write(std::uint64_t address, bytes b) {
        did(sfi_target_write(get(), address, b.data(), b.size()));
    }
    void erase_all() { did(sfi_target_erase_all(get())); }
    void erase(const std::vector<std::uint32_t> &sectors) {
        did(sfi_target_erase(get(), sectors.data(), sectors.size()));
    }
    option_bytes read_option_bytes() {
        sfi_option_bytes *ob = nullptr;

        did(sfi_target_read_option_bytes(get(), &ob));
        return option_bytes(ctx(), ob);
    }
    void write_option_bytes(const option_bytes &ob) {
        did(sfi_target_write_option_bytes(get(), ob.get()));
    }
    void go(std::uint64_t address) { did(sfi_target_go(get(), address)); }
    /** Any thread, while the object lives. */
    void cancel(bool on = true) const noexcept { sfi_target_cancel(get(), on); }

  private:
    void did(sfi_status st) {
        if (progress_)
            progress_->rethrow();
        check(st);
    }
    std::unique_ptr<detail::callback<sfi_progress>> progress_;
};

/** One secure install. */
class installer : public handle<sfi_installer, sfi_installer_free> {
  public:
    installer(const context &c, sfi_installer *p) : handle(c, p) {}
    explicit installer(const context &c,
                       std::optional<chip> part = std::nullopt)
        : installer(make<installer>(c, sfi_installer_new, c.get(),
                                    part ? part->get() : nullptr)) {}
    installer &set_image_file(const std::string &path) {
        return did(sfi_installer_set_image_file(get(), path.c_str()));
    }
    installer &set_image(bytes image) {
        return did(sfi_installer_set_image(get(), image.data(), image.size()));
    }
    installer &set_transport(const transport &tp) {
        return did(sfi_installer_set_transport(get(), tp.get()));
    }
    installer &set_hsm(const hsm &h) {
        return did(sfi_installer_set_hsm(get(), h.get()));
    }
    installer &set_license(const license &lic) {
        return did(sfi_installer_set_license(get(), lic.get()));
    }
    installer &set_license_store(const license_store &store) {
        return did(sfi_installer_set_license_store(get(), store.get()));
    }
    /** A licence, or a folder of licences, which `create` makes. */
    installer &set_license_path(const std::string &path, bool create = false) {
        return did(sfi_installer_set_license_path(get(), path.c_str(),
                                                  create ? 1 : 0));
    }
    installer &set_protocol(std::uint32_t protocol) {
        return did(sfi_installer_set_protocol(get(), protocol));
    }
    /** Erase a chip that holds an install. */
    installer &set_erase(bool erase) {
        return did(sfi_installer_set_erase(get(), erase ? 1 : 0));
    }
    installer &set_timeout(std::uint32_t connect_ms) {
        return did(sfi_installer_set_timeout(get(), connect_ms));
    }
    /** An exception of `f` cancels the install. */
    installer &on_progress(progress_function f) {
        auto next =
            std::make_unique<detail::callback<sfi_progress>>(std::move(f));

        next->on_throw = [in = get()] { sfi_installer_cancel(in); };
        check(sfi_installer_set_progress(get(), next->call, next.get()));
        progress_ = std::move(next);
        return *this;
    }
    void run() { (void)did(sfi_installer_run(get())); }
    /** One step; true when the install is finished. */
    bool step() {
        int finished = 0;

        (void)did(sfi_installer_step(get(), &finished));
        return finished != 0;
    }
    /** Any thread, while the object lives. */
    void cancel() const noexcept { sfi_installer_cancel(get()); }
    /** What a journal says of the install; the installer's texts. */
    sfi_journal_job job() {
        sfi_journal_job j{};

        j.struct_size = sizeof(j);
        check(sfi_installer_get_job(get(), &j));
        return j;
    }
    /** The chip that was found, if it was. */
    std::optional<chip> part() const noexcept {
        const sfi_chip *c = sfi_installer_chip(get());

        return c != nullptr ? std::optional<chip>(c) : std::nullopt;
    }

  private:
    installer &did(sfi_status st) {
        if (progress_)
            progress_->rethrow();
        check(st);
        return *this;
    }
    std::unique_ptr<detail::callback<sfi_progress>> progress_;
};

/** The record of a production line. */
class journal : public handle<sfi_journal, sfi_journal_free> {
  public:
    journal(const context &c, sfi_journal *p) : handle(c, p) {}
    journal(const context &c, const std::string &path)
        : journal(make<journal>(c, sfi_journal_open, c.get(), path.c_str())) {}
    /** On the disk when it returns. */
    void add(const sfi_journal_job &job) {
        check(sfi_journal_add(get(), &job));
    }
};

} // namespace sfi

#endif
