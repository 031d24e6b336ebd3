/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "act/netlink.h"

#include <errno.h>
#include <linux/genetlink.h>
#include <stdio.h>

#include "base/str.h"

/* What 256 virtual functions have to say, and more. */
#define ANSWER_MAX (256 * 1024)

int netlink_open(int bus, struct netlink *ret)
{
        int on = 1;

        *ret = (struct netlink){.socket = mnl_socket_open2(bus, SOCK_CLOEXEC)};
        if (!ret->socket)
                return -errno;
        /* An old kernel gives the number of the error alone. */
        (void)!mnl_socket_setsockopt(ret->socket, NETLINK_EXT_ACK, &on, sizeof(on));
        if (mnl_socket_bind(ret->socket, 0, MNL_SOCKET_AUTOPID) == 0)
                return 0;
        on = -errno;
        netlink_close(ret);
        return on;
}

void netlink_close(struct netlink *n)
{
        if (n->socket)
                mnl_socket_close(n->socket);
        n->socket = NULL;
}

struct nlmsghdr *netlink_message(struct netlink *n, void *buffer, uint16_t type)
{
        struct nlmsghdr *h = mnl_nlmsg_put_header(buffer);

        h->nlmsg_type = type;
        h->nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK;
        h->nlmsg_seq = ++n->sequence;
        return h;
}

static int find_text(const struct nlattr *attr, void *data)
{
        struct netlink *n = data;

        if (mnl_attr_get_type(attr) == NLMSGERR_ATTR_MSG && mnl_attr_validate(attr, MNL_TYPE_NUL_STRING) >= 0)
                snprintf(n->said, sizeof(n->said), "%s", mnl_attr_get_str(attr));
        return MNL_CB_OK;
}

/* The words of an error stand behind it, and behind the message that it is about (linux/netlink.h, nlmsgerr). */
static void note_text(struct netlink *n, const struct nlmsghdr *h)
{
        const struct nlmsgerr *e = mnl_nlmsg_get_payload(h);
        size_t skip = sizeof(*e);

        if (h->nlmsg_type != NLMSG_ERROR || mnl_nlmsg_get_payload_len(h) < sizeof(*e) ||
            !(h->nlmsg_flags & NLM_F_ACK_TLVS))
                return;
        if (!(h->nlmsg_flags & NLM_F_CAPPED))
                skip += mnl_nlmsg_get_payload_len(&e->msg);
        if (skip <= mnl_nlmsg_get_payload_len(h))
                mnl_attr_parse(h, (unsigned)skip, find_text, n);
}

int netlink_ask(struct netlink *n, const struct nlmsghdr *h, mnl_cb_t each, void *data)
{
        static char answer[ANSWER_MAX] __attribute__((aligned(8)));
        int k = MNL_CB_OK;

        n->said[0] = '\0';
        if (mnl_socket_sendto(n->socket, h, h->nlmsg_len) < 0)
                return -errno;
        while (k > MNL_CB_STOP) {
                ssize_t size = mnl_socket_recvfrom(n->socket, answer, sizeof(answer));

                if (size < 0)
                        return -errno;
                if (size >= (ssize_t)sizeof(struct nlmsghdr))
                        note_text(n, (const struct nlmsghdr *)answer);
                k = mnl_cb_run(answer, (size_t)size, h->nlmsg_seq, mnl_socket_get_portid(n->socket), each, data);
        }
        return k < 0 ? -errno : 0;
}

struct nlmsghdr *netlink_generic(struct netlink *n, void *buffer, uint16_t family, uint8_t command)
{
        struct nlmsghdr *h = netlink_message(n, buffer, family);
        struct genlmsghdr *g = mnl_nlmsg_put_extra_header(h, sizeof(*g));

        g->cmd = command;
        g->version = 1;
        return h;
}

static int find_family(const struct nlmsghdr *h, void *data)
{
        struct nlattr *attr;

        mnl_attr_for_each (attr, h, sizeof(struct genlmsghdr)) {
                if (mnl_attr_get_type(attr) == CTRL_ATTR_FAMILY_ID && mnl_attr_validate(attr, MNL_TYPE_U16) >= 0)
                        *(uint16_t *)data = mnl_attr_get_u16(attr);
        }
        return MNL_CB_OK;
}

int netlink_family(struct netlink *n, const char *name, uint16_t *ret)
{
        char buffer[256] __attribute__((aligned(8)));
        struct nlmsghdr *h = netlink_generic(n, buffer, GENL_ID_CTRL, CTRL_CMD_GETFAMILY);
        int k;

        *ret = 0;
        mnl_attr_put_strz(h, CTRL_ATTR_FAMILY_NAME, name);
        k = netlink_ask(n, h, find_family, ret);
        return k == 0 && *ret == 0 ? -ENOENT : k;
}
