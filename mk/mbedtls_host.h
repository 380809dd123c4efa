/* SPDX-License-Identifier: Apache-2.0 */
/* What the host's tools need beyond mbedtls_config.h: keys made and stored. */
#ifndef SEGUE_MBEDTLS_HOST_H
#define SEGUE_MBEDTLS_HOST_H

#define MBEDTLS_ENTROPY_C
#define MBEDTLS_CTR_DRBG_C
#define MBEDTLS_AES_C
#define MBEDTLS_FS_IO
#define MBEDTLS_PEM_PARSE_C
#define MBEDTLS_PEM_WRITE_C
#define MBEDTLS_BASE64_C
#define MBEDTLS_PK_WRITE_C
#define MBEDTLS_ERROR_C

#endif
