import type { Message } from "../agent/messages.ts";
import { CONTROL } from "./control-messages.ts";
import { MEMBERSHIP } from "./membership-messages.ts";
import { union } from "./object.ts";
import { PARTITION } from "./partition-messages.ts";

/** Everything agents say to one another. It compiles only while it is the same as the machines' types. */
export const MESSAGE = union<Message, "type">("Message", "type", { ...MEMBERSHIP, ...PARTITION, ...CONTROL });
