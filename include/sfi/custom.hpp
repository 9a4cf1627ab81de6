/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/**
 * @file custom.hpp
 * For C++17: links and security extensions of the program's own, an HSM that
 * contexts share or that has one server, and licences for many devices.
 *
 * A link is a class that derives from one of the links here.  Its members may
 * throw.  An error with a status, sfi::error, is what libsfi fails with, or
 * tries again after; anything else ends the call that used the link, which
 * throws the same.  So it is with the members of a dialect.
 */
#ifndef SFI_CUSTOM_HPP
#define SFI_CUSTOM_HPP

#include <algorithm>

#include <sfi/sfi.hpp>

namespace sfi {

/** A serial port (AN3155). */
class stream_link {
  public:
    virtual ~stream_link() = default;
    /** Wait up to `timeout_ms` for bytes, and return how many came, at most
     * `len`; 0: none. */
    virtual std::size_t read(std::uint8_t *data, std::size_t len,
                             std::uint32_t timeout_ms) = 0;
    /** All of them. */
    virtual void write(bytes data, std::uint32_t timeout_ms) = 0;
    /** Reset the chip by a line; false: there is none. */
    virtual bool reset(bool into_boot) {
        (void)into_boot;
        return false;
    }
};

/** An SPI master (AN4286). */
class spi_link {
  public:
    virtual ~spi_link() = default;
    /** NSS low, or high. */
    virtual void select(bool asserted) = 0;
    /** As many bytes each way; rx may be NULL. */
    virtual void transfer(bytes tx, std::uint8_t *rx) = 0;
    virtual bool reset(bool into_boot) {
        (void)into_boot;
        return false;
    }
};

/** Memory behind a debug port, in words. */
class memory_link {
  public:
    virtual ~memory_link() = default;
    virtual void read(std::uint32_t address, std::uint32_t *words,
                      std::size_t count) = 0;
    virtual void write(std::uint32_t address, const std::uint32_t *words,
                       std::size_t count) = 0;
    virtual bool reset(bool into_boot) {
        (void)into_boot;
        return false;
    }
};

namespace detail {
/* What a function of the program's own throws, as a status for C. */
template <typename F> sfi_status guarded(const context &ctx, F f) noexcept {
    try {
        f();
        return SFI_OK;
    } catch (const error &e) {
        const sfi_error *last = sfi_ctx_error(ctx.get());

        /* that of a call which it made says more than we know */
        if (sfi_error_status(last) != e.status() ||
            e.message() != sfi_error_message(last))
            sfi_ctx_report(ctx.get(), e.status(), e.peer_code(),
                           e.message().c_str());
        return e.status();
    } catch (...) {
        ctx.keep(std::current_exception());
        return SFI_ERR_CALLBACK;
    }
}

/* A link that C calls, until it closes it. */
template <typename L> struct served {
    context ctx;
    std::unique_ptr<L> link;

    template <typename F> static sfi_status call(void *user, F f) noexcept {
        auto *self = static_cast<served *>(user);

        return guarded(self->ctx, [&] { f(*self->link); });
    }
    static sfi_status reset(void *user, int into_boot) {
        bool done = false;
        sfi_status st =
            call(user, [&](L &l) { done = l.reset(into_boot != 0); });

        return st == SFI_OK && !done ? SFI_ERR_UNSUPPORTED : st;
    }
    static void close(void *user) { delete static_cast<served *>(user); }
};

template <typename L, typename Ops, typename Open>
transport serve(const context &c, std::unique_ptr<L> link, Ops &ops,
                Open open) {
    c.check(link ? SFI_OK : SFI_ERR_ARGUMENT);
    auto user = std::make_unique<served<L>>(served<L>{c, std::move(link)});
    sfi_transport *tp = nullptr;

    ops.struct_size = sizeof(ops);
    ops.reset = served<L>::reset;
    ops.close = served<L>::close;
    c.check(open(c.get(), &ops, user.get(), &tp));
    (void)user.release();
    return {c, tp};
}
} // namespace detail

/** Open a link of the program's own; the transport owns it. */
inline transport open_link(const context &c,
                           std::unique_ptr<stream_link> link) {
    using mine = detail::served<stream_link>;
    sfi_stream_ops ops{};

    ops.read = [](void *user, std::uint8_t *buf, std::size_t len,
                  std::size_t *got, std::uint32_t ms) -> sfi_status {
        sfi_status st = mine::call(
            user, [&](stream_link &l) { *got = l.read(buf, len, ms); });

        if (st != SFI_OK)
            *got = 0;
        return st == SFI_OK && *got == 0 ? SFI_ERR_TIMEOUT : st;
    };
    ops.write = [](void *user, const std::uint8_t *buf, std::size_t len,
                   std::uint32_t ms) -> sfi_status {
        return mine::call(user, [&](stream_link &l) {
            l.write({buf, len}, ms);
        });
    };
    return detail::serve(c, std::move(link), ops, sfi_transport_open_stream);
}

inline transport open_link(const context &c, std::unique_ptr<spi_link> link) {
    using mine = detail::served<spi_link>;
    sfi_spi_ops ops{};

    ops.select = [](void *user, int asserted) -> sfi_status {
        return mine::call(user, [&](spi_link &l) { l.select(asserted != 0); });
    };
    ops.transfer = [](void *user, const std::uint8_t *tx, std::uint8_t *rx,
                      std::size_t len) -> sfi_status {
        return mine::call(user, [&](spi_link &l) {
            l.transfer({tx, len}, rx);
        });
    };
    return detail::serve(c, std::move(link), ops, sfi_transport_open_spi);
}

inline transport open_link(const context &c,
                           std::unique_ptr<memory_link> link) {
    using mine = detail::served<memory_link>;
    sfi_dap_ops ops{};

    ops.read32 = [](void *user, std::uint32_t address, std::uint32_t *words,
                    std::size_t count) -> sfi_status {
        return mine::call(
            user, [&](memory_link &l) { l.read(address, words, count); });
    };
    ops.write32 = [](void *user, std::uint32_t address,
                     const std::uint32_t *words,
                     std::size_t count) -> sfi_status {
        return mine::call(
            user, [&](memory_link &l) { l.write(address, words, count); });
    };
    return detail::serve(c, std::move(link), ops, sfi_transport_open_dap);
}

/** A security extension of the program's own: libsfi's, except for the members
 * that are overridden.  Outlives what uses it. */
class dialect {
  public:
    explicit dialect(const context &c) : ctx_(c) {
        own_.struct_size = sizeof(own_);
        c.check(sfi_dialect_get_own(&own_));
    }
    virtual ~dialect() = default;
    dialect(const dialect &) = delete;
    dialect &operator=(const dialect &) = delete;
    virtual bool speaks(sfi_target *t) {
        std::uint32_t yes = 0;

        check(own_.speaks(nullptr, t, &yes));
        return yes != 0;
    }
    virtual void info(sfi_target *t, sfi_dialect_info &out) {
        check(own_.info(nullptr, t, &out));
    }
    virtual std::array<std::uint8_t, SFI_CERTIFICATE_LEN>
    certificate(sfi_target *t) {
        std::array<std::uint8_t, SFI_CERTIFICATE_LEN> out{};
        std::size_t len = out.size();

        check(own_.certificate(nullptr, t, out.data(), &len));
        return out;
    }
    virtual std::uint32_t session(sfi_target *t) {
        std::uint32_t number = 0;

        check(own_.session(nullptr, t, &number));
        return number;
    }
    virtual void secure(sfi_target *t, bool erase) {
        check(own_.secure(nullptr, t, erase ? 1 : 0));
    }
    virtual void license(sfi_target *t, bytes b) {
        check(own_.license(nullptr, t, b.data(), b.size()));
    }
    virtual void header(sfi_target *t, bytes b) {
        check(own_.header(nullptr, t, b.data(), b.size()));
    }
    virtual void area(sfi_target *t, bytes b) {
        check(own_.area(nullptr, t, b.data(), b.size()));
    }
    virtual void data(sfi_target *t, std::uint32_t offset, bytes b) {
        check(own_.data(nullptr, t, offset, b.data(), b.size()));
    }
    virtual void finish(sfi_target *t) { check(own_.finish(nullptr, t)); }
    virtual void abort(sfi_target *t) { check(own_.abort(nullptr, t)); }
    virtual std::array<std::uint8_t, SFI_DIALECT_RECEIPT_LEN>
    receipt(sfi_target *t) {
        std::array<std::uint8_t, SFI_DIALECT_RECEIPT_LEN> out{};
        std::size_t len = out.size();

        check(own_.receipt(nullptr, t, out.data(), &len));
        return out;
    }
    /** The installer uses this one. */
    void set(const installer &in) {
        const sfi_dialect_ops ops = table();

        in.ctx().check(sfi_installer_set_dialect(in.get(), &ops, this));
    }

  protected:
    void check(sfi_status st) const { ctx_.check(st); }

  private:
    template <typename F> static sfi_status call(void *user, F f) noexcept {
        auto *self = static_cast<dialect *>(user);

        return detail::guarded(self->ctx_, [&] { f(*self); });
    }
    /* A member that sends bytes. */
    template <void (dialect::*Send)(sfi_target *, bytes)>
    static sfi_status send(void *user, sfi_target *t, const std::uint8_t *data,
                           std::size_t len) {
        return call(user, [&](dialect &d) { (d.*Send)(t, {data, len}); });
    }
    static sfi_dialect_ops table() noexcept;

    context ctx_;
    sfi_dialect_ops own_{};
};

inline sfi_dialect_ops dialect::table() noexcept {
    sfi_dialect_ops o{};

    o.struct_size = sizeof(o);
    o.speaks = [](void *user, sfi_target *t, std::uint32_t *yes) {
        return call(user, [&](dialect &d) { *yes = d.speaks(t) ? 1 : 0; });
    };
    o.info = [](void *user, sfi_target *t, sfi_dialect_info *out) {
        return call(user, [&](dialect &d) { d.info(t, *out); });
    };
    o.certificate = [](void *user, sfi_target *t, std::uint8_t *out,
                       std::size_t *len) {
        return call(user, [&](dialect &d) {
            auto cert = d.certificate(t);

            if (*len < cert.size())
                throw error(SFI_ERR_BUFFER, "", "no room for a certificate");
            std::copy(cert.begin(), cert.end(), out);
            *len = cert.size();
        });
    };
    o.session = [](void *user, sfi_target *t, std::uint32_t *number) {
        return call(user, [&](dialect &d) { *number = d.session(t); });
    };
    o.secure = [](void *user, sfi_target *t, std::uint32_t erase) {
        return call(user, [&](dialect &d) { d.secure(t, erase != 0); });
    };
    o.license = send<&dialect::license>;
    o.header = send<&dialect::header>;
    o.area = send<&dialect::area>;
    o.data = [](void *user, sfi_target *t, std::uint32_t offset,
                const std::uint8_t *data, std::size_t len) {
        return call(user, [&](dialect &d) { d.data(t, offset, {data, len}); });
    };
    o.finish = [](void *user, sfi_target *t) {
        return call(user, [&](dialect &d) { d.finish(t); });
    };
    o.abort = [](void *user, sfi_target *t) {
        return call(user, [&](dialect &d) { d.abort(t); });
    };
    o.receipt = [](void *user, sfi_target *t, std::uint8_t *out,
                   std::size_t *len) {
        return call(user, [&](dialect &d) {
            auto receipt = d.receipt(t);

            if (*len < receipt.size())
                throw error(SFI_ERR_BUFFER, "", "no room for a receipt");
            std::copy(receipt.begin(), receipt.end(), out);
            *len = receipt.size();
        });
    };
    return o;
}

/** A handle of an HSM for another context, in its thread; sfi_hsm_share() has
 * the rules.  `lock` has lock() and unlock(), as std::mutex, and outlives all
 * handles. */
template <typename Lock>
hsm share(const hsm &h, const context &other, Lock &lock) {
    sfi_hsm_lock ops{};
    sfi_hsm *out = nullptr;

    ops.struct_size = sizeof(ops);
    ops.lock = [](void *user) -> sfi_status {
        try {
            static_cast<Lock *>(user)->lock();
        } catch (...) {
            return SFI_ERR_CALLBACK;
        }
        return SFI_OK;
    };
    ops.unlock = [](void *user) { static_cast<Lock *>(user)->unlock(); };
    other.check(sfi_hsm_share(other.get(), h.get(), &ops, &lock, &out));
    return {other, out};
}

/** Be the one server of an HSM: sfi_hsm_hold().  false: another one is. */
inline bool hold(const hsm &h, std::uint32_t timeout_ms = 0) {
    sfi_status st = sfi_hsm_hold(h.get(), timeout_ms);

    if (st != SFI_ERR_TIMEOUT)
        h.ctx().check(st);
    return st == SFI_OK;
}

/** A site's request for a lease: sfi_lease_request_create(), _load(). */
class lease_request : public handle<sfi_lease_request, sfi_lease_request_free> {
  public:
    lease_request(const context &c, sfi_lease_request *p) : handle(c, p) {}
    static lease_request create(const context &c, const std::string &path) {
        return make<lease_request>(c, sfi_lease_request_create, c.get(),
                                   path.c_str());
    }
    static lease_request load(const context &c, const std::string &path) {
        return make<lease_request>(c, sfi_lease_request_load, c.get(),
                                   path.c_str());
    }
    std::vector<std::uint8_t> data() const {
        std::size_t len;
        const std::uint8_t *at = sfi_lease_request_data(get(), &len);

        return {at, at + len};
    }
};

/** Move installations into a vault of a site: sfi_hsm_lease(). */
inline std::vector<std::uint8_t> lease(const hsm &h,
                                       const std::vector<std::uint8_t> &request,
                                       std::uint64_t count,
                                       std::uint64_t seconds) {
    std::vector<std::uint8_t> out(SFI_LEASE_LEN);
    std::size_t len = out.size();

    h.ctx().check(sfi_hsm_lease(h.get(), request.data(), request.size(), count,
                                seconds, out.data(), &len));
    return out;
}

/** Make a site's vault of a lease: sfi_hsm_provision_lease(). */
inline void provision_lease(const hsm &site, const lease_request &request,
                            const std::vector<std::uint8_t> &lease) {
    site.ctx().check(sfi_hsm_provision_lease(site.get(), request.get(),
                                             lease.data(), lease.size()));
}

/** End the lease of a vault, and get its certificate: sfi_hsm_end_lease(). */
inline std::vector<std::uint8_t> end_lease(const hsm &site) {
    std::vector<std::uint8_t> out(SFI_LEASE_END_LEN);
    std::size_t len = out.size();

    site.ctx().check(sfi_hsm_end_lease(site.get(), out.data(), &len));
    return out;
}

/** Take back what a lease has left: sfi_hsm_return_lease(). */
inline std::uint64_t return_lease(const hsm &h,
                                  const std::vector<std::uint8_t> &end) {
    std::uint64_t returned = 0;

    h.ctx().check(
        sfi_hsm_return_lease(h.get(), end.data(), end.size(), &returned));
    return returned;
}

/** Licences of several devices in one durable step, at most SFI_LICENSES_MAX;
 * `sessions` is empty, or has one for each (0: static).  `f` is told of each,
 * and an exception of it comes out when the step has ended. */
inline void
generate_licenses(const hsm &h,
                  const std::vector<const sfi_certificate *> &certs,
                  const std::vector<std::uint32_t> &sessions,
                  std::function<void(const sfi_license_result &)> f) {
    detail::callback<sfi_license_result> told(std::move(f));

    if (!sessions.empty() && sessions.size() != certs.size())
        throw error(SFI_ERR_ARGUMENT, "", "not one session for each");
    sfi_status st = sfi_hsm_generate_licenses(
        h.get(), certs.data(), sessions.empty() ? nullptr : sessions.data(),
        certs.size(), nullptr, told.call, &told);
    told.rethrow();
    h.ctx().check(st);
}

/** Licences for any number of certificates. */
class license_batch : public handle<sfi_license_batch, sfi_license_batch_free> {
  public:
    using result_function = std::function<void(const sfi_license_result &)>;

    license_batch(const context &c, sfi_license_batch *p) : handle(c, p) {}
    explicit license_batch(const hsm &h)
        : license_batch(make<license_batch>(h.ctx(), sfi_license_batch_new,
                                            h.ctx().get(), h.get(), nullptr)) {}
    /** Licences are found in the store, and put there. */
    license_batch(const hsm &h, const license_store &store)
        : license_batch(make<license_batch>(h.ctx(), sfi_license_batch_new,
                                            h.ctx().get(), h.get(),
                                            store.get())) {}
    /** A file, or all files of a folder. */
    license_batch &add(const std::string &path) {
        check(sfi_license_batch_add_path(get(), path.c_str()));
        return *this;
    }
    license_batch &add(const certificate &cert) {
        check(sfi_license_batch_add_certificate(get(), cert.get()));
        return *this;
    }
    /** An exception of `f` cancels the batch. */
    license_batch &on_result(result_function f) {
        auto next = std::make_unique<detail::callback<sfi_license_result>>(
            std::move(f));

        next->on_throw = [b = get()] { sfi_license_batch_cancel(b); };
        check(sfi_license_batch_set_result(get(), next->call, next.get()));
        result_ = std::move(next);
        return *this;
    }
    void run() { did(sfi_license_batch_run(get())); }
    /** One piece; true when the batch is finished. */
    bool step() {
        int finished = 0;

        did(sfi_license_batch_step(get(), &finished));
        return finished != 0;
    }
    /** Any thread, while the object lives. */
    void cancel() const noexcept { sfi_license_batch_cancel(get()); }

  private:
    void did(sfi_status st) {
        if (result_)
            result_->rethrow();
        check(st);
    }
    std::unique_ptr<detail::callback<sfi_license_result>> result_;
};

} // namespace sfi

#endif
