/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Mbed TLS for Segue: SHA-256 and ECDSA P-256, the same on the host and on the
 * device. mbedtls_host.h adds key generation and PEM for the host's tools,
 * mbedtls_device.h an allocator over a caller's buffer.
 */
#ifndef SEGUE_MBEDTLS_CONFIG_H
#define SEGUE_MBEDTLS_CONFIG_H

#define MBEDTLS_HAVE_ASM

#define MBEDTLS_SHA224_C
#define MBEDTLS_SHA256_C
#define MBEDTLS_MD_C

#define MBEDTLS_BIGNUM_C
#define MBEDTLS_ECP_C
#define MBEDTLS_ECP_DP_SECP256R1_ENABLED
#define MBEDTLS_ECP_NIST_OPTIM
#define MBEDTLS_ECDSA_C
#define MBEDTLS_ECDSA_DETERMINISTIC
#define MBEDTLS_HMAC_DRBG_C

#define MBEDTLS_ASN1_PARSE_C
#define MBEDTLS_ASN1_WRITE_C
#define MBEDTLS_OID_C
#define MBEDTLS_PK_C
#define MBEDTLS_PK_PARSE_C

#define MBEDTLS_PLATFORM_C

#endif
