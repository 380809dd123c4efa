/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every error that a user can meet, by a number that never changes. Numbers are grown, never
 * reused: 1xx general and files, 2xx images, 3xx deltas, 4xx packages, 5xx disks, 6xx boot state,
 * 7xx hypervisor and descriptions, 8xx update engine and policy. A message says what was wrong; the
 * caller adds where; docs/errors.md says what to do.
 *
 * Functions that can fail return sg_err: 0 (SG_OK) or one of these.
 */
#ifndef SEGUE_ERROR_H
#define SEGUE_ERROR_H

#define SG_ERRORS(E)                                                                           \
        E(101, IO, "input/output error")                                                       \
        E(102, NO_MEMORY, "not enough memory")                                                 \
        E(103, USAGE, "wrong usage")                                                           \
        E(104, TOO_LARGE, "larger than there is room for")                                     \
        E(105, TRUNCATED, "ends too early")                                                    \
        E(106, BAD_ARGUMENT, "argument out of range")                                          \
        E(107, KEY_FILE, "not an ECDSA P-256 key in PEM or DER")                               \
        E(108, NO_GUEST, "there is no such guest in the VM description")                       \
        E(201, IMAGE_MAGIC, "not a signed image: the header's magic is wrong")                 \
        E(202, IMAGE_HEADER_SIZE, "image header out of range")                                 \
        E(203, IMAGE_FLAGS, "image with flags that are not supported here")                    \
        E(204, IMAGE_SIZE, "image does not fit in what holds it")                              \
        E(205, IMAGE_TLV_INFO, "image trailer is missing or of the wrong kind")                \
        E(206, IMAGE_TLV, "image trailer entry runs past its end")                             \
        E(207, IMAGE_TLV_TWICE, "image trailer entry stands twice")                            \
        E(208, IMAGE_TLV_LENGTH, "image trailer entry of the wrong length")                    \
        E(209, IMAGE_NO_HASH, "image without a SHA-256")                                       \
        E(210, IMAGE_HASH, "image's SHA-256 does not match its bytes")                         \
        E(211, IMAGE_NO_KEY, "image does not name or bring its key")                           \
        E(212, IMAGE_KEY, "image signed with a key that is not accepted")                      \
        E(213, IMAGE_KEY_FORMAT, "image's key is not an ECDSA P-256 public key")               \
        E(214, IMAGE_NO_SIGNATURE, "image without a signature")                                \
        E(215, IMAGE_SIGNATURE, "image's signature does not hold")                             \
        E(216, IMAGE_NO_COUNTER, "image without a security counter")                           \
        E(217, IMAGE_VENDOR, "image for another vendor's device")                              \
        E(218, IMAGE_CLASS, "image for another guest")                                         \
        E(219, IMAGE_TLV_PLACE, "image trailer entry that is unknown or in the wrong part")    \
        E(220, FIT, "payload is not a well-formed FIT")                                        \
        E(221, FIT_CONFIG, "FIT without a usable default configuration")                       \
        E(222, FIT_KERNEL, "FIT without a usable kernel")                                      \
        E(223, FIT_RAMDISK, "FIT's ramdisk is unusable")                                       \
        E(224, FIT_KERNEL_HEADER, "kernel is not an arm64 Image")                              \
        E(225, PLACE_NO_ROOM, "kernel and ramdisk do not fit in the guest's memory")           \
        E(226, PLACE_LOAD_ADDRESS, "image's load address is not in the guest's memory")        \
        E(227, GUEST_DTB, "guest's devicetree cannot be edited")                               \
        E(228, BOOTFW_EXCEPTION, "bootfw took an exception")                                   \
        E(229, BOOTFW_INFO, "bootfw's info page is not valid")                                 \
        E(601, STATE_BLANK, "boot state is blank: the device was never provisioned")           \
        E(602, STATE_CORRUPT, "boot state is corrupt")                                         \
        E(603, STATE_FORMAT, "boot state was written by a later version")                      \
        E(604, STATE_GEOMETRY, "flash geometry that the boot state cannot use")                \
        E(605, STATE_NOT_BLANK, "flash to be programmed is not blank")                         \
        E(606, STATE_GUESTS, "boot state cannot hold this set of guests")                      \
        E(607, STATE_NO_GUEST, "boot state does not know this guest")                          \
        E(608, STATE_IMPOSSIBLE, "boot state that cannot happen")                              \
        E(609, STATE_NO_OUTCOME, "there is no outcome to report")                              \
        E(610, SLOT_NUMBER, "no such slot")                                                    \
        E(611, SLOT_BUSY, "slot is in use")                                                    \
        E(612, SLOT_NOT_OPEN, "slot was not opened for this image")                            \
        E(613, SLOT_NOT_STAGED, "slot holds no staged image")                                  \
        E(614, SLOT_DOWNGRADE, "security counter below the guest's floor")                     \
        E(615, SLOT_FAILED_BEFORE, "image has failed on this device before")                   \
        E(616, SLOT_MISMATCH, "image is not the one recorded for this slot")                   \
        E(617, SLOT_NOT_DUE, "slot is not the one that is due to boot")                        \
        E(618, SLOT_NO_SOURCE, "there is no confirmed image to refill from")                   \
        E(619, TRIAL_NONE, "no trial is under way")                                            \
        E(620, TRIAL_TOKEN, "token of another start")                                          \
        E(301, DELTA_MAGIC, "not a delta")                                                     \
        E(302, DELTA_VERSION, "delta of an unknown format version")                            \
        E(303, DELTA_HEADER, "damaged delta header")                                           \
        E(304, DELTA_CODEC, "delta with an unknown codec")                                     \
        E(305, DELTA_TABLE, "damaged segment table in delta")                                  \
        E(306, DELTA_MAP, "damaged section or copies in delta")                                \
        E(307, DELTA_SEGMENT, "damaged segment in delta")                                      \
        E(308, DELTA_STREAM, "damaged or truncated compressed stream in delta")                \
        E(309, DELTA_ARENA, "delta states another memory need than it has")                    \
        E(310, DELTA_WRONG_BASE, "the old image is not the one this delta was made from")      \
        E(311, DELTA_WRONG_RESULT, "the patched image is not the one promised")                \
        E(312, DELTA_CHECKPOINT, "checkpoint that cannot be gone on from")                     \
        E(313, DELTA_UNFINISHED, "segments of the delta are left to apply")                    \
        E(314, DELTA_TOO_LARGE, "image too large for a delta")                                 \
        E(315, DELTA_RAM, "memory limit too small for a delta")                                \
        E(316, DELTA_BSDIFF, "damaged bsdiff patch")                                           \
        E(317, DELTA_MODEL, "damaged model data in delta")                                     \
        E(318, DELTA_LENGTH, "delta is longer or shorter than it says")                        \
        E(401, TAR_HEADER, "damaged archive header")                                           \
        E(402, TAR_TYPE, "archive member is not a regular file")                               \
        E(403, TAR_END, "end of the archive")                                                  \
        E(404, TAR_MEMBER, "archive lacks a member")                                           \
        E(405, JSON, "not well-formed JSON")                                                   \
        E(406, METADATA, "metadata lacks a field or has a wrong one")                          \
        E(407, KEY_ID, "key id does not belong to its key")                                    \
        E(408, KEY_TYPE, "no ECDSA P-256 key")                                                 \
        E(409, SIGNATURES, "not enough valid signatures")                                      \
        E(410, ROOT_CHAIN, "root metadata does not follow the trusted root")                   \
        E(411, METADATA_OLD, "metadata is older than what was accepted before")                \
        E(412, EXPIRED, "metadata has expired")                                                \
        E(413, TARGET, "target description lacks a field or has a wrong one")                  \
        E(414, TARGET_FORMAT, "target description of an unknown format")                       \
        E(415, DEPENDENCY, "target has a dependency that is not known here")                   \
        E(416, GROUP, "groups of targets are not supported")                                   \
        E(417, TARGET_LENGTH, "payload is not of the signed length")                           \
        E(418, TARGET_DIGEST, "payload does not have the signed digest")                       \
        E(419, CHUNK_LIST, "chunk list is damaged")                                            \
        E(420, CHUNK_DIGEST, "chunk does not have the signed digest")                          \
        E(421, NO_PACKAGE, "there is no package")                                              \
        E(501, GPT_NONE, "no GUID partition table")                                            \
        E(502, GPT_HEADER, "damaged GUID partition table header")                              \
        E(503, GPT_ENTRIES, "damaged GUID partition table entries")                            \
        E(504, GPT_LAYOUT, "partitions do not fit on the disk")                                \
        E(505, PARTITION, "partition is missing or too small")                                 \
        E(511, DISK_NONE, "no virtio disk on the PCI bus")                                     \
        E(512, DISK_FEATURES, "disk lacks a feature that is needed here")                      \
        E(513, DISK_TIMEOUT, "disk did not answer in time")                                    \
        E(514, DISK_REQUEST, "disk reported an input/output error")                            \
        E(515, DISK_PROTOCOL, "disk broke the virtio protocol")                                \
        E(516, DISK_GEOMETRY, "disk has a sector size other than 512 or 4096")                 \
        E(701, BAD_SYSTEM_IMAGE, "not a devicetree, or a damaged one")                         \
        E(702, NOT_SYSTEM_IMAGE, "not a system image: compatible is not segue,system")         \
        E(703, PROPERTY_MISSING, "property is missing")                                        \
        E(704, PROPERTY_SIZE, "property does not have the length it must have")                \
        E(705, PROPERTY_VALUE, "property's value is not allowed")                              \
        E(706, PROPERTY_UNKNOWN, "property is not known here")                                 \
        E(707, NODE_UNKNOWN, "node is not known here")                                         \
        E(708, NODE_MISSING, "node is missing")                                                \
        E(709, DUPLICATE, "value stands at another VM already")                                \
        E(710, TOO_MANY_VMS, "more VMs than there may be")                                     \
        E(711, UPDATE_ROLE, "exactly one VM must have the role update")                        \
        E(712, MEMORY_TOO_SMALL, "memory does not hold the slot, bootfw and 2 MiB besides")    \
        E(713, BOOTFW_DIED, "bootfw ended without a report")                                   \
        E(741, NOT_EL2, "started below EL2, which hv needs (QEMU: -M virt,virtualization=on)") \
        E(742, MACHINE_DT, "machine's devicetree is missing or damaged")                       \
        E(743, NO_GICV3, "machine has no GICv3 (QEMU: -M virt,gic-version=3)")                 \
        E(744, MACHINE_LACKS, "machine's devicetree lacks something that is needed")           \
        E(745, NO_SYSTEM_IMAGE, "no system image was given as the initrd")                     \
        E(746, TOO_FEW_CORES, "more cores are described than the machine has left")            \
        E(747, TOO_LITTLE_RAM, "more memory is described than the machine has left")           \
        E(748, CORE_START, "core could not be started by the machine's PSCI")                  \
        E(749, SMMU_ABSENT, "disk is behind no SMMUv3 (QEMU: -M virt,iommu=smmuv3)")           \
        E(750, SMMU_UNUSABLE, "SMMU lacks something that is needed")                           \
        E(751, SMMU_STUCK, "SMMU does not complete a change")                                  \
        E(752, DMA_BYPASS, "device may bypass the SMMU (QEMU: iommu_platform=on)")             \
        E(761, GIC_REDIST, "a core has no GIC redistributor")                                  \
        E(762, GIC_STUCK, "GIC does not complete a change")                                    \
        E(763, NOR_ABSENT, "no CFI flash with the Intel command set answers")                  \
        E(764, NOR_GEOMETRY, "flash geometry that hv cannot use")                              \
        E(765, NOR_PROGRAM, "flash could not be programmed")                                   \
        E(766, NOR_ERASE, "flash block could not be erased")                                   \
        E(801, ENGINE_STATE, "not possible in the update's present state")                     \
        E(802, WRONG_BASE, "active slot does not hold the image that the delta starts from")   \
        E(803, WRONG_PRODUCT, "package is for another product")                                \
        E(804, UNKNOWN_GUEST, "package is for a guest that is not here")                       \
        E(805, DOWNGRADE, "security counter is below the confirmed one")                       \
        E(806, FAILED_BEFORE, "image failed its trial before")                                 \
        E(807, SLOT_TOO_SMALL, "image is larger than the slot")                                \
        E(808, RAM_NEED, "delta needs more memory than the device gives")                      \
        E(809, UPDATER_TOO_OLD, "package needs a newer updater")                               \
        E(810, IMAGE_DIGEST, "written slot does not have the signed digest")                   \
        E(811, IMAGE_HEADER, "written slot holds no well-formed image")                        \
        E(812, RESUMES, "given up after too many resumes without progress")                    \
        E(813, JOURNAL, "journal is damaged or missing")                                       \
        E(814, HV_REFUSED, "hypervisor refused the request")                                   \
        E(815, ROLLED_BACK, "new image was rolled back")                                       \
        E(816, CANCELLED, "update was cancelled")                                              \
        E(817, SUPERSEDED, "another package took its place")                                   \
        E(818, BASE_CHANGED, "active slot on the disk differs from what was verified")         \
        E(819, JOURNAL_BLANK, "journal was never written")                                     \
        E(820, BOOT_STATE, "hypervisor could not write the boot state")                        \
        E(851, UPDATE_DT, "update partition's devicetree lacks something or is malformed")

typedef enum sg_err {
        SG_OK = 0,
#define SG_ERROR_ENUM(number, name, text) SG_E_##name = (number),
        SG_ERRORS(SG_ERROR_ENUM)
#undef SG_ERROR_ENUM
} sg_err;

/* The message of an error, without its number; never NULL. */
static inline const char *sg_strerror(sg_err e)
{
        switch (e) {
        case SG_OK:
                return "no error";
#define SG_ERROR_TEXT(number, name, text) \
        case SG_E_##name:                 \
                return text;
                SG_ERRORS(SG_ERROR_TEXT)
#undef SG_ERROR_TEXT
        }
        return "unknown error";
}

#endif
