/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* <sfi/sfi.hpp> with a virtual chip in the process, in an empty folder.
 *     test_cpp DATA */
#include <cstdio>
#include <iostream>
#include <mutex>
#include <new>
#include <stdexcept>
#include <thread>
#include <type_traits>

#if __cplusplus >= 202002L
#include <span>
#endif

#include <sfi/custom.hpp>
#include <sfi/receipt.hpp>
#include <sfi/sim.h>

#define CHECK(x)                                                        \
    do {                                                                \
        if (!(x))                                                       \
            throw std::logic_error(std::to_string(__LINE__) + ": " #x); \
    } while (0)

/* The error that a call throws. */
template <typename F> static sfi::error error_of(F f) {
    try {
        f();
    } catch (const sfi::error &e) {
        return e;
    }
    throw std::logic_error("nothing was thrown");
}

template <typename E, typename F> static bool throws(F f) {
    try {
        f();
    } catch (const E &) {
        return true;
    }
    return false;
}

static_assert(!std::is_copy_constructible_v<sfi::key>);
static_assert(std::is_nothrow_move_constructible_v<sfi::key>);
static_assert(std::is_nothrow_copy_constructible_v<sfi::error>);
static_assert(std::is_copy_constructible_v<sfi::context>);

static void test_errors() {
    sfi::context ctx;
    sfi::error e =
        error_of([&] { (void)sfi::firmware::load(ctx, "no/such.elf"); });

    CHECK(e.status() == SFI_ERR_OS);
    CHECK(e.where() == "no/such.elf");
    CHECK(e.os_code() == 2);
    CHECK(std::string(e.what()) == e.where() + ": " + e.message());
    CHECK(std::string(e.hint()) == sfi_status_hint(SFI_ERR_OS));
    CHECK(std::string(e.name()) == "SFI_ERR_OS");
    e = error_of([] { (void)sfi::chip::find("z80"); });
    CHECK(e.status() == SFI_ERR_ARGUMENT && e.where() == "z80");
    ctx.check(SFI_OK);
    CHECK(throws<std::exception>([&] { ctx.check(SFI_ERR_STATE); }));
}

static void test_handles() {
    const std::array<std::uint8_t, 16> secret{1, 2, 3};
    std::optional<sfi::key> outlives;

    {
        sfi::context ctx;
        sfi::key key(ctx, secret);

        CHECK(key && sfi::key::generate(ctx));
        outlives = std::move(key);
        CHECK(!key);
    }
    CHECK(*outlives && outlives->ctx().get() != nullptr);
    outlives->reset();
    CHECK(!*outlives);
    /* a handle that was moved away is refused, not followed */
    sfi::context ctx;
    sfi::image_builder b(ctx, sfi::chip::find("stm32h753xi"));
    CHECK(error_of([&] { b.set_key(*outlives); }).status() == SFI_ERR_ARGUMENT);
    CHECK(error_of([&] { sfi::key short_key(ctx, sfi::bytes()); }).status() <
          SFI_OK);
#if __cplusplus >= 202002L
    sfi::key from_span(ctx, std::span<const std::uint8_t>(secret));
    CHECK(from_span);
#endif
}

static void test_log() {
    sfi::context quiet([](int, std::string_view) { throw 1; }, SFI_LOG_DEBUG);

    CHECK(sfi::chip::list().size() >= 2);
    (void)sfi::option_bytes(quiet, sfi::chip::find("stm32h753xi"));
}

static const sfi::chip part = sfi::chip::find("stm32h753xi");

struct inputs {
    sfi::key key;
    sfi::nonce nonce;
    sfi::firmware fw;
    sfi::option_bytes ob;
};

static inputs make_inputs(const sfi::context &ctx, const std::string &data) {
    sfi::key::create(ctx, "key.bin");
    sfi::create_nonce(ctx, "nonce.bin");
    return {sfi::key::load(ctx, "key.bin"), sfi::load_nonce(ctx, "nonce.bin"),
            sfi::firmware::load(ctx, data + "/blink-stm32h753xi.elf"),
            sfi::option_bytes::load(ctx, part, data + "/ob-stm32h753xi.csv")};
}

static void test_inputs(const sfi::context &ctx, const inputs &in) {
    CHECK(in.fw.format() == "elf" && in.fw.size() > 0);
    CHECK(in.fw[0].address == part.flash_base() && !in.fw[0].data.empty());
    CHECK(error_of([&] { (void)in.fw[in.fw.size()]; }).status() ==
          SFI_ERR_ARGUMENT);
    CHECK(in.ob.size() > 0 && !in.ob[0].first.empty());
    sfi::option_bytes again = sfi::option_bytes::parse(ctx, part, in.ob.csv());
    CHECK(again.size() == in.ob.size());
    CHECK(error_of([&] { again.set("NO_SUCH_ROW", 1); }).status() < SFI_OK);
    in.fw.save("copy.hex");
    CHECK(sfi::firmware::load(ctx, "copy.hex").size() == in.fw.size());
}

static sfi::buffer test_builder(const sfi::context &ctx, const inputs &in) {
    sfi::image_builder b(ctx, part);
    std::size_t findings = 0;

    b.set_key(in.key).set_nonce(in.nonce).set_version(1);
    b.add_firmware(in.fw).set_option_bytes(in.ob);
    b.check_image([&](const sfi_finding &f) { findings += f.rule != nullptr; });
    if (findings > 0)
        CHECK(throws<std::bad_alloc>([&] {
            b.check_image([](const sfi_finding &) { throw std::bad_alloc(); });
        }));
    b.save("blink.sfi");
    return b.build();
}

static void test_reader(const sfi::context &ctx, const inputs &in,
                        const sfi::buffer &image) {
    sfi::image_reader r(ctx, in.key, in.nonce);
    std::size_t areas = 0, at = 0;

    for (; at < image.size(); at += 100) {
        r.feed(
            {image.data() + at, std::min<std::size_t>(100, image.size() - at)});
        while (auto e = r.next())
            areas += e->kind == SFI_EVENT_AREA_BEGIN;
    }
    r.finish();
    CHECK(areas >= 2);
    sfi::image_reader cut(ctx);
    cut.feed({image.data(), 10});
    CHECK(!cut.next());
    CHECK(error_of([&] { cut.finish(); }).status() == SFI_ERR_TRUNCATED);
}

/* A licence server's name is refused, or nobody answers there. */
static void check_server(const sfi::context &ctx) {
    const char *bad = "server:http://localhost:1/blink";
    const char *none = "server:https://localhost:1/blink?cert=none&key=none&"
                       "ca=none&timeout=1";

    CHECK(error_of([&] { sfi::hsm hsm(ctx, bad); }).status() == SFI_ERR_FORMAT);
    CHECK(error_of([&] { sfi::hsm hsm(ctx, none); })
              .where()
              .find("server:https://localhost:1/blink") == 0);
}

static const std::array<std::uint8_t, SFI_AUDIT_KEY_LEN> audit_key{7, 8, 9};

static sfi::hsm make_hsm(const sfi::context &ctx, const inputs &in) {
    sfi::hsm hsm(ctx, "vault:line.vault");
    sfi_provision_options options{};

    options.struct_size = sizeof(options);
    options.audit_key = audit_key.data();
    CHECK(hsm.info().state == SFI_HSM_BLANK);
    hsm.login("a PIN that is in no dictionary");
    hsm.provision(
        in.key, in.nonce, "cpp", 2,
        sfi::personalization::load(ctx, "ca/45002001_SFI_01000000_00000000.pd"),
        &options);
    CHECK(hsm.info().remaining == 2);
    return hsm;
}

struct sim_deleter {
    void operator()(sfi_sim *s) const { sfi_sim_free(s); }
};
using virtual_chip = std::unique_ptr<sfi_sim, sim_deleter>;

static virtual_chip open_chip(const sfi::context &ctx) {
    sfi_sim *sim = nullptr;

    ctx.check(sfi_sim_open(ctx.get(), "chip", &sim));
    return virtual_chip(sim);
}

static sfi::transport open_link(const sfi::context &ctx, sfi_sim *sim) {
    sfi_transport *tp = nullptr;

    ctx.check(sfi_sim_transport(sim, "usart", &tp));
    return {ctx, tp};
}

/* An open chip: program, verify, read back. */
static void test_target(const sfi::context &ctx, const inputs &in,
                        sfi_sim *sim) {
    sfi::target t(open_link(ctx, sim), part);
    std::uint64_t done = 0;

    CHECK(t.part().name() == part.name());
    CHECK(t.info().device_id == part.device_id());
    t.on_progress([&](const sfi_progress &p) { done = p.done; });
    t.program(in.fw);
    CHECK(done > 0);
    t.verify(in.fw);
    sfi::buffer back = t.read(in.fw[0].address, in.fw[0].data.size());
    CHECK(std::equal(back.begin(), back.end(), in.fw[0].data.begin()));
    t.on_progress([](const sfi_progress &) { throw std::runtime_error("x"); });
    CHECK(throws<std::runtime_error>([&] { t.verify(in.fw); }));
    t.on_progress(nullptr);
    t.cancel(false);
    t.verify(in.fw);
    t.erase_all();
    CHECK(error_of([&] { t.verify(in.fw); }).status() == SFI_ERR_MISMATCH);
}

static void test_install(const sfi::context &ctx, const inputs &in,
                         sfi::buffer image, sfi_sim *sim) {
    check_server(ctx);
    sfi::hsm hsm = make_hsm(ctx, in);
    sfi::installer cancelled(ctx);
    std::uint32_t last = 0;

    hsm.check_image(image);
    cancelled.set_image(image)
        .set_transport(open_link(ctx, sim))
        .set_hsm(hsm)
        .on_progress([](const sfi_progress &) { throw std::range_error("x"); });
    CHECK(throws<std::range_error>([&] { cancelled.run(); }));
    cancelled.reset();

    sfi::installer in_order(ctx, part);
    CHECK(!sfi::receipt_of(ctx, in_order));
    in_order.set_image_file("blink.sfi")
        .set_transport(open_link(ctx, sim))
        .set_hsm(hsm)
        .set_license_path("store", true)
        .set_erase(true)
        .on_progress([&](const sfi_progress &p) { last = p.phase; });
    while (!in_order.step())
        continue;
    CHECK(last == SFI_PHASE_DONE);
    sfi::journal(ctx, "journal.json").add(in_order.job());
    CHECK(in_order.part() && in_order.part()->get() == part.get());
    CHECK(hsm.info().remaining == 1);
    sfi::license_store(ctx, "store", false); /* it was made */
    sfi::receipt_of(ctx, in_order).value().save("chip.receipt");
}

static void test_licenses(const sfi::context &ctx) {
    std::array<std::uint8_t, SFI_CERTIFICATE_LEN> raw{};
    std::size_t len = raw.size();
    sfi::hsm hsm(ctx, "vault:line.vault");

    CHECK(error_of([&] { hsm.login("wrong"); }).status() == SFI_ERR_HSM_PIN);
    hsm.login("a PIN that is in no dictionary");
    ctx.check(
        sfi_sim_peek(ctx.get(), "chip", SFI_SIM_CERTIFICATE, raw.data(), &len));
    sfi::certificate cert(ctx, raw);
    sfi::license_store store(ctx, "licences", true);
    CHECK(!store.find(cert));
    store.put(cert, hsm.generate_license(cert));
    CHECK(store.find(cert)->data().size() == SFI_LICENSE_LEN);
    cert.save("chip.cert");
    CHECK(sfi::certificate::load(ctx, "chip.cert").device_id() ==
          cert.device_id());
    CHECK(hsm.info().remaining == 1); /* the same device again */
    hsm.export_audit("audit.log");
}

/* The chip's USART, by a class of the program's own. */
class cable : public sfi::stream_link {
  public:
    cable(sfi_sim *sim, int *live) : sim_(sim), live_(live) { ++*live_; }
    ~cable() override { --*live_; }
    std::size_t read(std::uint8_t *data, std::size_t len,
                     std::uint32_t) override {
        std::size_t got = len;

        if (pulled)
            throw std::domain_error("no cable");
        if (sfi_sim_usart(sim_, nullptr, 0, data, &got) != SFI_OK)
            throw sfi::error(SFI_ERR_IO, "", "no chip");
        return got;
    }
    void write(sfi::bytes data, std::uint32_t) override {
        std::size_t none = 0;

        if (busy)
            throw sfi::error(SFI_ERR_NO_DEVICE, "", "the line is busy");
        if (sfi_sim_usart(sim_, data.data(), data.size(), nullptr, &none) !=
            SFI_OK)
            throw sfi::error(SFI_ERR_IO, "", "no chip");
    }
    bool pulled = false, busy = false;

  private:
    sfi_sim *sim_;
    int *live_;
};

static void test_links(const sfi::context &ctx, sfi_sim *sim) {
    int live = 0;

    ctx.check(sfi_sim_power_on(sim));
    {
        auto made = std::make_unique<cable>(sim, &live);
        cable *link = made.get();
        sfi::target t(sfi::open_link(ctx, std::move(made)));
        auto read = [&] { (void)t.read(part.flash_base(), 4); };

        read();
        link->pulled = true;
        CHECK(throws<std::domain_error>(read));
        link->pulled = false;
        link->busy = true;
        sfi::error e = error_of(read);
        CHECK(e.status() == SFI_ERR_NO_DEVICE);
        CHECK(e.message() == "the line is busy");
        CHECK(live == 1);
    }
    CHECK(live == 0);
    std::unique_ptr<sfi::spi_link> none;
    CHECK(error_of([&] {
              (void)sfi::open_link(ctx, std::move(none));
          }).status() == SFI_ERR_ARGUMENT);
}

/* libsfi's own security extension, watched. */
class watched : public sfi::dialect {
  public:
    using dialect::dialect;
    void license(sfi_target *t, sfi::bytes b) override {
        if (refuses)
            throw std::domain_error("no licence");
        CHECK(b.size() == SFI_LICENSE_LEN);
        dialect::license(t, b);
        licenses++;
    }
    void data(sfi_target *t, std::uint32_t offset, sfi::bytes b) override {
        dialect::data(t, offset, b);
        sent += b.size();
    }
    bool refuses = false;
    std::size_t licenses = 0, sent = 0;
};

static void test_dialect(const sfi::context &ctx, sfi_sim *sim) {
    sfi::license lic = sfi::license_store(ctx, "licences", false)
                           .find(sfi::certificate::load(ctx, "chip.cert"))
                           .value();
    watched dialect(ctx);
    auto install = [&] {
        sfi::installer in(ctx, part);

        in.set_image_file("blink.sfi").set_license(lic).set_erase(true);
        dialect.set(in);
        in.set_transport(open_link(ctx, sim)).run();
    };

    install();
    CHECK(dialect.licenses == 1 && dialect.sent > 0);
    dialect.refuses = true;
    CHECK(throws<std::domain_error>(install));
}

/* Two stations with a thread each, and one HSM. */
static void test_share(const sfi::context &ctx) {
    sfi::hsm hsm(ctx, "vault:line.vault");
    std::mutex lock;
    std::size_t sizes[2] = {0, 0};
    std::vector<std::thread> threads;

    hsm.login("a PIN that is in no dictionary");
    for (std::size_t &size : sizes)
        threads.emplace_back([&hsm, &lock, &size] {
            sfi::context own;
            sfi::hsm mine = sfi::share(hsm, own, lock);
            sfi::certificate cert = sfi::certificate::load(own, "chip.cert");

            size = mine.generate_license(cert).data().size();
        });
    for (std::thread &t : threads)
        t.join();
    CHECK(sizes[0] == SFI_LICENSE_LEN && sizes[1] == SFI_LICENSE_LEN);
}

static void test_lease(const sfi::context &ctx) {
    sfi::hsm hsm(ctx, "vault:line.vault");
    sfi::hsm site(ctx, "vault:site.vault");
    sfi::lease_request req = sfi::lease_request::create(ctx, "site.request");
    std::uint64_t before = hsm.info().remaining;

    hsm.login("a PIN that is in no dictionary");
    site.login("another PIN");
    std::vector<std::uint8_t> lease = sfi::lease(hsm, req.data(), 1, 3600);
    CHECK(sfi::lease(hsm, sfi::lease_request::load(ctx, "site.request").data(),
                     1, 3600) == lease);
    sfi::provision_lease(site, req, lease);
    CHECK(hsm.info().remaining == before - 1 && site.info().remaining == 1);
    CHECK(sfi::return_lease(hsm, sfi::end_lease(site)) == 1);
    CHECK(hsm.info().remaining == before);
}

static void test_batch(const sfi::context &ctx) {
    sfi::hsm hsm(ctx, "vault:line.vault");
    sfi::license_store store(ctx, "licences", false);
    sfi::certificate cert = sfi::certificate::load(ctx, "chip.cert");
    std::size_t good = 0, bad = 0;

    hsm.login("a PIN that is in no dictionary");
    CHECK(sfi::hold(hsm));
    sfi::hsm other(ctx, "vault:line.vault");
    CHECK(!sfi::hold(other));
    sfi::generate_licenses(
        hsm, {cert.get(), cert.get()}, {0, 7},
        [&](const sfi_license_result &r) { good += r.status == SFI_OK; });
    CHECK(good == 2);
    good = 0;
    sfi::license_batch batch(hsm, store);
    batch.add("chip.cert").add(cert).add("audit.log");
    batch.on_result([&](const sfi_license_result &r) {
        ++(r.status == SFI_OK ? good : bad);
    });
    while (!batch.step())
        continue;
    CHECK(good == 2 && bad == 1);
    sfi::license_batch stopped(hsm);
    stopped.add(cert).on_result(
        [](const sfi_license_result &) { throw std::range_error("x"); });
    CHECK(throws<std::range_error>([&] { stopped.run(); }));
}

/* What the chip of test_install() has signed, and the order of one chip. */
static void test_receipts(const sfi::context &ctx, const sfi::buffer &image) {
    sfi::receipt r = sfi::receipt::load(ctx, "chip.receipt");
    sfi::personalization perso =
        sfi::personalization::load(ctx, "ca/45002001_SFI_01000000_00000000.pd");
    sfi::buffer altered = image;

    r.verify(perso.ca_public_key());
    r.check_image(image);
    r.check_install(r.info().installs);
    CHECK(r.info().device_id ==
          sfi::certificate::load(ctx, "chip.cert").device_id());
    CHECK(error_of([&] { r.check_install(9); }).status() == SFI_ERR_MISMATCH);
    altered[20] ^= 1;
    CHECK(error_of([&] { r.check_image(altered); }).status() ==
          SFI_ERR_MISMATCH);
    sfi::buffer forged(r.data().begin(), r.data().end());
    forged[131] ^= 1;
    sfi::receipt forgery(ctx, forged);
    sfi::reconciliation order(ctx, {"audit.log"}, audit_key);

    order.set_image_file("blink.sfi");
    CHECK(order.sum().counted == 1 && order.sum().unproven == 1);
    CHECK(error_of([&] { order.add(forgery); }).status() == SFI_ERR_AUTH);
    order.add(r);
    order.add_file("journal.json");
    CHECK(order.sum().installed == 1 && order.sum().unproven == 0);
    CHECK(order.sum().repeated == 1 && order.sum().refused == 1);
    forged.pop_back();
    CHECK(error_of([&] { sfi::receipt cut(ctx, forged); }).status() ==
          SFI_ERR_TRUNCATED);
}

static void test_all(const std::string &data) {
    test_errors();
    test_handles();
    test_log();
    sfi::context ctx;
    ctx.check(sfi_sim_manufacture(ctx.get(), part.get(), "ca", "chip"));
    virtual_chip sim = open_chip(ctx);
    inputs in = make_inputs(ctx, data);
    test_inputs(ctx, in);
    sfi::buffer image = test_builder(ctx, in);
    test_reader(ctx, in, image);
    test_target(ctx, in, sim.get());
    test_links(ctx, sim.get());
    test_install(ctx, in, image, sim.get());
    test_licenses(ctx);
    test_receipts(ctx, image);
    test_dialect(ctx, sim.get());
    test_share(ctx);
    test_lease(ctx);
    test_batch(ctx);
    CHECK(throws<sfi::error>([&] { sfi::transport none(ctx, "nowhere:"); }));
}

int main(int argc, char **argv) {
    try {
        test_all(argc > 1 ? argv[1] : ".");
    } catch (const std::exception &e) {
        std::cerr << e.what() << '\n';
        return 1;
    }
    std::cout << "all well\n";
    return 0;
}
