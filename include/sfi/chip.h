/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/**
 * @file chip.h
 * The parts (chip types) that libsfi supports.
 */
#ifndef SFI_CHIP_H
#define SFI_CHIP_H

#include <sfi/api.h>

SFI_BEGIN_DECLS

/** A part: immutable, static, never freed; any thread may use it. */
typedef struct sfi_chip sfi_chip;

/**
 * Find a part by name.
 *
 * @param name  "stm32h753xi", "stm32l462ce", or an order code of such a part,
 *              whole or up to the size of its flash ("STM32H753ZI",
 *              "STM32L462CEU6F"), in upper or lower case; NULL finds nothing
 *
 * @return the part; NULL when the name is unknown
 *
 * Blocks: never.  Thread: any.
 * @since 1.0
 */
SFI_API const sfi_chip *sfi_chip_find(const char *name);

/**
 * Find a part by its device id.
 *
 * @param device_id  DEV_ID of DBGMCU_IDCODE, for example 0x450
 *
 * @return the part; NULL when the id is unknown
 *
 * Blocks: never.  Thread: any.
 * @since 1.0
 */
SFI_API const sfi_chip *sfi_chip_find_id(uint32_t device_id);

/**
 * List the parts.
 *
 * @param index  0, 1, ...
 *
 * @return the part; NULL past the last
 *
 * Blocks: never.  Thread: any.
 * @since 1.0
 */
SFI_API const sfi_chip *sfi_chip_at(size_t index);

/**
 * Name of a part.
 *
 * @param chip  a part, or NULL
 *
 * @return a name such as "stm32h753xi"; "" for NULL; static
 *
 * Blocks: never.  Thread: any.
 * @since 1.0
 */
SFI_API const char *sfi_chip_name(const sfi_chip *chip);

/**
 * Device id of a part.
 *
 * @param chip  a part, or NULL
 *
 * @return DEV_ID of DBGMCU_IDCODE; 0 for NULL
 *
 * Blocks: never.  Thread: any.
 * @since 1.0
 */
SFI_API uint32_t sfi_chip_device_id(const sfi_chip *chip);

/**
 * Product id of a part: the first eight characters of its certificates.
 *
 * @param chip  a part, or NULL
 *
 * @return for example "45002001"; "" for NULL; static
 *
 * Blocks: never.  Thread: any.
 * @since 1.0
 */
SFI_API const char *sfi_chip_product_id(const sfi_chip *chip);

/**
 * Name of an option byte of a part, in the order of CSV files and images.
 *
 * @param chip   a part, or NULL
 * @param index  0, 1, ...
 *
 * @return a name such as "FOPTSR_PRG"; NULL past the last; static
 *
 * Blocks: never.  Thread: any.
 * @since 1.0
 */
SFI_API const char *sfi_chip_option_byte(const sfi_chip *chip, size_t index);

/**
 * First address of a part's flash.
 *
 * @param chip  a part, or NULL
 *
 * @return the address; 0 for NULL
 *
 * Blocks: never.  Thread: any.
 * @since 1.0
 */
SFI_API uint64_t sfi_chip_flash_base(const sfi_chip *chip);

/**
 * Size of a part's flash.
 *
 * @param chip  a part, or NULL
 *
 * @return the size in bytes, a multiple of the sector size; 0 for NULL
 *
 * Blocks: never.  Thread: any.
 * @since 1.0
 */
SFI_API uint64_t sfi_chip_flash_size(const sfi_chip *chip);

/**
 * The memory of a part that an address is in.
 *
 * @param chip     a part, or NULL
 * @param address  any address
 *
 * @return a name such as "DTCM", "SRAM2", "OTP" or "the flash"; NULL for NULL
 *         and where nothing is; static
 *
 * Blocks: never.  Thread: any.
 * @since 1.0
 */
SFI_API const char *sfi_chip_memory(const sfi_chip *chip, uint64_t address);

/**
 * Size of a part's flash sectors: the unit of erase.  All sectors have the same
 * size; the first is sector 0.
 *
 * @param chip  a part, or NULL
 *
 * @return the size in bytes; 0 for NULL
 *
 * Blocks: never.  Thread: any.
 * @since 1.0
 */
SFI_API uint32_t sfi_chip_sector_size(const sfi_chip *chip);

/**
 * How long a part typically takes to erase one sector, by its datasheet: to
 * show how far an erase is, which itself tells nothing until it ends.
 *
 * @param chip  a part, or NULL
 *
 * @return milliseconds; 0 for NULL
 *
 * Blocks: never.  Thread: any.
 * @since 1.0
 */
SFI_API uint32_t sfi_chip_erase_ms(const sfi_chip *chip);

/**
 * Size of a part's flash program unit: programmed at once, and only once after
 * each erase.
 *
 * @param chip  a part, or NULL
 *
 * @return the size in bytes, 32 or 8; 0 for NULL
 *
 * Blocks: never.  Thread: any.
 * @since 1.0
 */
SFI_API uint32_t sfi_chip_program_unit(const sfi_chip *chip);

/**
 * List the interfaces of a part through which libsfi programs it.
 *
 * Which of a part's pins they are is in AN2606.
 *
 * @param chip   a part, or NULL
 * @param index  0, 1, ...
 *
 * @return "usart", "spi", "usb" (DFU) or "debug" (JTAG and SWD); NULL past the
 *         last; static
 *
 * Blocks: never.  Thread: any.
 * @since 1.0
 */
SFI_API const char *sfi_chip_interface(const sfi_chip *chip, size_t index);

SFI_END_DECLS

#endif
