"""How HTTP names what the gateway refuses."""

from __future__ import annotations

from collections.abc import Mapping

from chassis.core.errors import Refused
from chassis.core.problems import Kind
from gateway.door.backends import ServiceTimedOut, ServiceUnreachable
from gateway.door.places import TooManyAtOnce
from gateway.identity.assertions import PublicKeyExists, TooManyPublicKeys
from gateway.identity.factors.register import LastFactor
from gateway.identity.people import PersonExists
from gateway.identity.registry import ClientExists, TooManyKeys

PROBLEMS: Mapping[type[Refused], Kind] = {
    ClientExists: Kind(409, "client-exists", "There is such a client already", "客户端已存在"),
    TooManyKeys: Kind(409, "too-many-keys", "The client has two live keys", "有效密钥已达上限"),
    TooManyPublicKeys: Kind(409, "too-many-public-keys", "The client has two live public keys", "有效公钥已达上限"),
    PublicKeyExists: Kind(409, "public-key-exists", "This public key is registered already", "公钥已登记"),
    LastFactor: Kind(409, "last-factor", "The last second factor of who must have one", "不能移除最后一种验证方式"),
    PersonExists: Kind(409, "person-exists", "There is such a login already", "登录名已存在"),
    TooManyAtOnce: Kind(429, "too-many-at-once", "Too many requests at once", "同时进行的请求过多"),
    ServiceUnreachable: Kind(502, "service-unreachable", "A service cannot be reached", "后端服务无法访问"),
    ServiceTimedOut: Kind(504, "service-timed-out", "A service did not answer in time", "后端服务响应超时"),
}
