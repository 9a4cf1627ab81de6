/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* A programming station in C++: installs an image on a chip.
 *
 *     station IMAGE PORT HSM PIN-FILE
 *     c++ -std=c++17 station.cpp -o station $(pkg-config --cflags --libs sfi)
 */
#include <fstream>
#include <iostream>
#include <string>

#include <sfi/sfi.hpp>

static std::string read_pin(const sfi::context &ctx, const char *path) {
    std::string pin_secret;

    ctx.check(sfi_ctx_check_path(ctx.get(), path));
    std::ifstream file(path);
    if (!std::getline(file, pin_secret))
        throw sfi::error(SFI_ERR_OS, path, "no PIN can be read");
    return pin_secret;
}

static void install(const char *image, const char *port, const char *vault,
                    const char *pin_file) {
    sfi::context ctx(
        [](int, std::string_view line) { std::cerr << line << '\n'; },
        SFI_LOG_WARNING);
    sfi::hsm hsm(ctx, vault);
    std::string pin_secret = read_pin(ctx, pin_file);

    hsm.login(pin_secret);
    for (volatile char &c : pin_secret)
        c = 0;
    sfi::installer installer(ctx);
    installer.set_image_file(image)
        .set_transport(sfi::transport(ctx, port))
        .set_hsm(hsm)
        .set_erase(true)
        .on_progress([](const sfi_progress &p) {
            std::cout << '\r' << sfi_phase_name(p.phase) << ' ' << p.done
                      << " of " << p.total << "   " << std::flush;
        });
    installer.run();
    std::cout << '\n' << hsm.info().remaining << " left\n";
}

int main(int argc, char **argv) {
    if (argc != 5) {
        std::cerr << "usage: station IMAGE PORT HSM PIN-FILE\n";
        return 64;
    }
    try {
        install(argv[1], argv[2], argv[3], argv[4]);
    } catch (const sfi::error &e) {
        std::cerr << e.what() << " (" << e.name() << ")\n" << e.hint() << '\n';
        return 1;
    }
    return 0;
}
