// What the studio says around its rooms, in English and in Chinese; each room has a table of its own in words/ROOM.js.

export const WORDS = {
  rooms: ["Rooms", "各室"],
  page: ["Page", "页面"],
  shelf: ["Shelf", "书架"],
  records: ["Records", "问答"],
  training: ["Training", "训练"],
  exam: ["Exam", "考试"],
  talk: ["Talk", "对话"],
  report: ["Report", "报告"],
  skip: ["To the room", "跳到正文"],
  other_language: ["中文", "English"],
  theme_auto: ["Colours: as the system", "配色：跟随系统"],
  theme_light: ["Colours: light", "配色：浅色"],
  theme_dark: ["Colours: dark", "配色：深色"],
  keys: ["Keys", "快捷键"],
  key_rooms: ["go to Shelf, Records, Training, Exam, Talk, Report", "去书架、问答、训练、考试、对话、报告"],
  key_keys: ["these keys", "快捷键说明"],
  key_close: ["close what is open", "关闭打开的窗口"],
  close: ["Close", "关闭"],
  cancel: ["Cancel", "取消"],
  yes: ["Yes", "好"],
  done: ["Done", "好"],
  again: ["Try again", "重试"],
  undo: ["Undo", "撤销"],
  loading: ["One moment…", "请稍候……"],
  running: ["Something is being computed", "正在运行"],
  lost: [
    "The studio's server cannot be reached. What it started goes on; the page tries again by itself.",
    "连不上工坊的服务器。已启动的任务仍在继续，页面会自动重试。",
  ],
  back: ["The server is back.", "服务器恢复了。"],
  unreachable: ["The server cannot be reached.", "连不上服务器。"],
  job_running: ["running", "进行中"],
  job_done: ["done", "完成"],
  job_failed: ["failed", "失败"],
  job_stopped: ["stopped", "已停止"],
  job_killed: ["killed", "被中断"],
  job_stop: ["Stop", "停止"],
  job_resume: ["Go on", "继续"],
  key_title: ["API key", "API 密钥"],
  key_help: ["This server asks for a key. It is kept until the tab is closed.", "这台服务器需要密钥。它只保存到标签页关闭为止。"],
};

export const LANGUAGES = ["en", "zh"];

/** A text of a table in a language, with {names} filled in; a key that is in no table stands for itself. */
export function said(tables, key, language, values = {}) {
  const pair = tables.find((table) => key in table)?.[key];
  if (!pair) return key;
  return pair[LANGUAGES.indexOf(language)].replace(/\{(\w+)\}/g, (_, name) => String(values[name] ?? ""));
}

/** The language that the reader's browser prefers. */
export const preferred = () => (navigator.language.toLowerCase().startsWith("zh") ? "zh" : "en");

/** A share as people write it: 60 % in English, 60% in Chinese. */
export const percent = (share, language, digits = 0) => `${(100 * share).toFixed(digits)}${language === "zh" ? "" : " "}%`;
