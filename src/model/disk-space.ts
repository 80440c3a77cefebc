/** Room for what must be durable; `low` leaves enough to give back what is held, with `full` writes wait. */
export type DiskSpace = "ample" | "low" | "full";
