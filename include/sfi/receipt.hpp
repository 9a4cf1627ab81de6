/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/**
 * @file receipt.hpp
 * Receipts for C++17, over <sfi/receipt.h>; see sfi.hpp.
 */
#ifndef SFI_RECEIPT_HPP
#define SFI_RECEIPT_HPP

#include <optional>
#include <string>
#include <vector>

#include <sfi/sfi.hpp>

namespace sfi {

/** What a chip holds, signed by its device key. */
class receipt : public handle<sfi_receipt, sfi_receipt_free> {
  public:
    receipt(const context &c, sfi_receipt *p) : handle(c, p) {}
    receipt(const context &c, bytes b)
        : receipt(make<receipt>(c, sfi_receipt_parse, c.get(), b.data(),
                                b.size())) {}
    static receipt load(const context &c, const std::string &path) {
        return make<receipt>(c, sfi_receipt_load, c.get(), path.c_str());
    }
    void save(const std::string &path) const {
        check(sfi_receipt_save(get(), path.c_str()));
    }
    bytes data() const noexcept {
        std::size_t len = 0;
        const std::uint8_t *p = sfi_receipt_data(get(), &len);

        return {p, len};
    }
    sfi_receipt_info info() const {
        sfi_receipt_info i{};

        i.struct_size = sizeof(i);
        check(sfi_receipt_get_info(get(), &i));
        return i;
    }
    /** Throws unless the CA signed the certificate and its key the receipt. */
    void verify(bytes ca_public_key) const {
        check(sfi_receipt_verify(get(), ca_public_key.data(),
                                 ca_public_key.size()));
    }
    /** Throws unless the chip holds this image. */
    void check_image(bytes image) const {
        check(sfi_receipt_check_image(get(), image.data(), image.size()));
    }
    /** Throws unless it is of the install with this number. */
    void check_install(std::uint32_t installs) const {
        check(sfi_receipt_check_install(get(), installs));
    }
};

/** Which devices of audit logs are proven to be installed. */
class reconciliation
    : public handle<sfi_reconciliation, sfi_reconciliation_free> {
  public:
    reconciliation(const context &c, sfi_reconciliation *p) : handle(c, p) {}
    reconciliation(const context &c, const std::vector<const char *> &audits,
                   bytes key)
        : reconciliation(make<reconciliation>(
              c, sfi_reconciliation_new, c.get(), audits.data(), audits.size(),
              key.data(), key.size())) {}
    void set_image_file(const std::string &path) const {
        check(sfi_reconciliation_set_image_file(get(), path.c_str()));
    }
    void add(const receipt &r) const {
        check(sfi_reconciliation_add(get(), r.get()));
    }
    void add_file(const std::string &path) const {
        check(sfi_reconciliation_add_file(get(), path.c_str()));
    }
    sfi_reconciliation_sum sum() const {
        sfi_reconciliation_sum s{};

        s.struct_size = sizeof(s);
        check(sfi_reconciliation_get_sum(get(), &s));
        return s;
    }
};

/** The receipt of an install; nothing if the chip gave none. */
inline std::optional<receipt> receipt_of(const context &c,
                                         const installer &in) {
    const sfi_receipt *r = sfi_installer_receipt(in.get());
    std::size_t len = 0;
    const std::uint8_t *p = sfi_receipt_data(r, &len);

    if (p == nullptr)
        return std::nullopt;
    return receipt(c, bytes(p, len));
}

} // namespace sfi

#endif
