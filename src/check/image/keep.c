/* Which files of an image say how it runs. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "check/image/img.h"

static bool ends_in(struct pl_str path, const char *const *list)
{
    for (; *list; list++)
        if (pl_str_ends(path, pl_str_c(*list)))
            return true;
    return false;
}

static bool starts_in(struct pl_str path, const char *const *list)
{
    for (; *list; list++)
        if (pl_str_starts(path, pl_str_c(*list)))
            return true;
    return false;
}

static bool is_one_of(struct pl_str path, const char *const *list)
{
    for (; *list; list++)
        if (pl_str_is(path, *list))
            return true;
    return false;
}

static bool account_file(struct pl_str path)
{
    static const char *const files[] = {
        "etc/passwd",          "etc/group",      "etc/shadow",     "etc/ld.so.preload",
        "etc/crontab",         "etc/os-release", "etc/profile",    "usr/lib/os-release",
        "etc/ssh/sshd_config", "etc/sudoers",    "usr/etc/passwd", NULL
    };
    static const char *const folders[] = { "etc/cron.",      "var/spool/cron/", "etc/profile.d/",
                                           "etc/sudoers.d/", "etc/crontabs/",   NULL };
    return is_one_of(path, files) || starts_in(path, folders) ||
           pl_str_ends(path, PL_S(".ssh/authorized_keys"));
}

static bool package_list(struct pl_str path)
{
    static const char *const lists[] = { "lib/apk/db/installed", "usr/lib/apk/db/installed", NULL };
    return is_one_of(path, lists) ||
           (pl_str_starts(path, PL_S("var/lib/dpkg/info/")) && pl_str_ends(path, PL_S(".list")));
}

/* Configuration of servers, wherever they look for it. */
static bool settings(struct pl_str path)
{
    static const char *const kinds[] = { ".conf",        ".cnf",     ".ini",       ".cfg", ".yml",
                                         ".conf.sample", "/envvars", "/pg_env.sh", ".hcl", NULL };
    static const char *const places[] = { "etc/",
                                          "usr/local/",
                                          "opt/",
                                          "conf/",
                                          "config/",
                                          "app/",
                                          "srv/",
                                          "var/lib/",
                                          "data/",
                                          "home/",
                                          "usr/share/postgresql/",
                                          "run/",
                                          NULL };
    static const char *const not_there[] = { "etc/fonts/",       "etc/ssl/",
                                             "etc/security/",    "usr/local/lib/",
                                             "usr/local/share/", "usr/local/include/",
                                             "var/lib/dpkg/",    "etc/selinux/",
                                             "etc/ld.so.conf",   NULL };
    if (starts_in(path, not_there) && !pl_str_ends(path, PL_S(".conf.sample")))
        return false;
    if (pl_str_starts(path, PL_S("etc/nginx/")) || pl_str_starts(path, PL_S("etc/s6-overlay/")) ||
        pl_str_starts(path, PL_S("etc/services.d/")) || pl_str_starts(path, PL_S("etc/service/")))
        return true;
    return starts_in(path, places) && ends_in(path, kinds);
}

/* "#!/bin/sh", "#!/usr/bin/env bash", "#!/usr/bin/with-contenv bash" */
static bool shell_script(struct pl_str head)
{
    struct pl_str line;
    if (!pl_str_starts(head, PL_S("#!")) || !pl_str_split(&head, '\n', &line))
        return false;
    return pl_str_find(line, PL_S("sh"), 0) != SIZE_MAX ||
           pl_str_find(line, PL_S("execline"), 0) != SIZE_MAX;
}

static bool is_library(struct pl_str path)
{
    return pl_str_ends(path, PL_S(".so")) || pl_str_find(path, PL_S(".so."), 0) != SIZE_MAX ||
           pl_str_ends(path, PL_S(".node")) || pl_str_ends(path, PL_S(".ko"));
}

static bool manual(struct pl_str path)
{
    static const char *const folders[] = { "usr/share/", "usr/src/",           "usr/include/",
                                           "boot/",      "var/lib/dpkg/info/", "lib/modules/",
                                           NULL };
    return starts_in(path, folders) && !pl_str_starts(path, PL_S("usr/share/postgresql/"));
}

enum pl_img_keep pl_img_keeps(struct pl_str path, uint32_t mode, uint64_t size, struct pl_str head)
{
    if (package_list(path))
        return size <= PL_IMG_LIST_MAX ? PL_KEEP_LIST : PL_KEEP_NOTHING;
    if (pl_str_starts(head, PL_S("\x7f"
                                 "ELF")))
        return is_library(path) ? PL_KEEP_NOTHING : PL_KEEP_STRINGS;
    if (size > PL_IMG_TEXT_MAX)
        return PL_KEEP_NOTHING;
    if (account_file(path))
        return PL_KEEP_TEXT;
    if (manual(path))
        return PL_KEEP_NOTHING;
    bool sourced = pl_str_ends(path, PL_S(".sh")) || pl_str_ends(path, PL_S(".envsh"));
    if (sourced || shell_script(head) || ((mode & 0111) && pl_str_starts(head, PL_S("#!"))) ||
        settings(path))
        return PL_KEEP_TEXT;
    return PL_KEEP_NOTHING;
}

bool pl_img_matters(struct pl_str path, enum pl_img_kind kind, uint32_t mode, uint32_t uid)
{
    static const char *const bulk[] = { "usr/share/",     "usr/include/",     "usr/src/",
                                        "usr/lib/python", "usr/local/lib/",   "usr/local/include/",
                                        "lib/modules/",   "usr/local/share/", NULL };
    if ((mode & 06002) && kind != PL_IMG_LINK)
        return true;
    if (kind == PL_IMG_LINK)
        return !is_library(path) && !starts_in(path, bulk);
    if (starts_in(path, bulk) && uid == 0)
        return false;
    if (pl_str_find(path, PL_S("node_modules/"), 0) != SIZE_MAX)
        return false;
    if (kind == PL_IMG_DIR)
        return true;
    if (kind == PL_IMG_DEVICE)
        return false;
    /* what stands in a folder that is written to must not vanish under a tmpfs */
    static const char *const state[] = { "var/", "run/", "tmp/", "data/", "srv/", "etc/", NULL };
    if (starts_in(path, state))
        return !pl_str_starts(path, PL_S("var/lib/dpkg/")) &&
               !pl_str_starts(path, PL_S("var/lib/apt/"));
    return (mode & 0111) && !is_library(path);
}
