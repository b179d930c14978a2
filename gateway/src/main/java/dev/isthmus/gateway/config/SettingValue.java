package dev.isthmus.gateway.config;

/**
 * A setting as someone wrote it, and where, so that a complaint names the place. Immutable.
 *
 * @param text the value
 * @param origin for people: {@code --listen}, {@code ISTHMUS_LISTEN}, {@code isthmus.yaml line 3}
 */
public record SettingValue(String text, String origin) {}
