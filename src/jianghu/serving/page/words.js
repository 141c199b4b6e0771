// What the page says, in English and in Chinese.

export const WORDS = {
  tagline: ["small models that have read a shelf of novels", "读过一架小说的小模型"],
  skip: ["To the question", "跳到提问框"],
  tools: ["Page", "页面"],
  new: ["New talk", "新的对话"],
  talks: ["Talks", "所有对话"],
  no_talks: ["Talks are kept on this machine, from the first question on.", "对话从第一个问题起保存在这台电脑上。"],
  begun: ["A new talk.", "已开始新的对话。"],
  thrown_away: ["Thrown away: {title}", "已删除：{title}"],
  throw_away: ["Throw away: {title}", "删除：{title}"],
  throw_away_short: ["Throw away", "删除"],
  undo: ["Undo", "撤销"],
  cancel: ["Cancel", "取消"],
  questions: ["{count} asked", "{count} 问"],
  download: ["Download this talk", "下载这次对话"],
  download_help: ["Markdown to read, or JSON with everything, every form of a question too.", "Markdown 便于阅读；JSON 含全部内容，包括问题的各个版本。"],
  edit: ["Edit", "修改"],
  earlier_form: ["Earlier form of the question", "上一个版本的问题"],
  later_form: ["Later form of the question", "下一个版本的问题"],
  other_language: ["中文", "English"],
  theme_auto: ["Colours: as the system", "配色：跟随系统"],
  theme_light: ["Colours: light", "配色：浅色"],
  theme_dark: ["Colours: dark", "配色：深色"],
  card: ["About the model", "关于这个模型"],
  settings: ["Settings", "设置"],
  welcome: ["Ask those who have read the book", "问问读过书的人"],
  lead: [
    "A small model answers from memory, with the book closed. It is often wrong: look it up.",
    "小模型合上书，凭记忆回答。它常常会错，请翻书核对。",
  ],
  on_shelf: ["On the shelf: {books}", "书架上：{books}"],
  examples_ask: ["Questions to begin with", "可以这样问"],
  examples_continue: ["Beginnings to continue", "可以从这里接着写"],
  others: ["Others", "换一批"],
  taught: ["taught", "教过"],
  never_taught: ["never taught", "没教过"],
  talk: ["Talk", "对话"],
  mode: ["What to do", "做什么"],
  ask: ["Ask", "提问"],
  continue: ["Continue a text", "续写"],
  checkpoints: ["Checkpoints", "检查点"],
  column: ["Checkpoint {n}", "第 {n} 个检查点"],
  add_column: ["Side by side", "并排比较"],
  remove_column: ["Take {name} away", "去掉 {name}"],
  kind_base: ["base", "基座"],
  kind_chat: ["fine-tuned", "微调"],
  open_book: ["Open book", "开卷"],
  open_book_help: [
    "Show the passages of the books that match the question. The model does not see them.",
    "同时列出书中与问题相关的段落。模型看不到这些段落。",
  ],
  placeholder_ask: ["Ask about the books…", "问书里的人和事……"],
  placeholder_continue: ["Write a beginning…", "写一个开头……"],
  send: ["Send", "发送"],
  stop: ["Stop", "停止"],
  hint: ["Enter sends, Shift+Enter breaks the line.", "回车发送，Shift+回车换行。"],
  keys: ["Keys", "快捷键"],
  key_focus: ["to the question", "到提问框"],
  key_stop: ["stop writing, close", "停止书写，关闭"],
  key_vote: ["vote for an answer", "给某个回答投票"],
  key_tie: ["vote: all alike", "投票：不相上下"],
  key_none: ["vote: none is good", "投票：都不好"],
  key_open: ["open book, on or off", "开卷开关"],
  key_settings: ["settings", "设置"],
  key_keys: ["these keys", "快捷键说明"],
  temperature: ["Temperature", "温度"],
  temperature_help: ["0 always takes the likeliest word; higher is more varied.", "0 总取最可能的词；越高变化越多。"],
  top_k: ["Top-k", "Top-k"],
  top_k_help: ["Choose among so many of the likeliest words; 0: among all.", "在这么多个最可能的词中挑选；0 表示不限。"],
  top_p: ["Top-p", "Top-p"],
  top_p_help: [
    "Choose among the likeliest words that together have this probability.",
    "在合计达到这一概率的最可能的词中挑选。",
  ],
  min_p: ["Min-p", "Min-p"],
  min_p_help: [
    "Leave out words below this share of the likeliest one's probability.",
    "去掉概率低于最可能的词的这一比例的词。",
  ],
  repetition_penalty: ["Repetition penalty", "重复惩罚"],
  repetition_penalty_help: ["Above 1, words already written become less likely.", "大于 1 时，已经写过的词不易再出现。"],
  max_tokens: ["Length", "长度"],
  max_tokens_help: ["Most tokens of an answer.", "回答最多的词元数。"],
  seed: ["Seed", "随机种子"],
  seed_help: ["The same number gives the same text again; 0: another one each time.", "同一个数字得到同样的文字；0 表示每次不同。"],
  memory: ["Earlier questions", "带上前文"],
  memory_help: [
    "How many earlier questions and answers the model sees. It was taught on single ones: 0 works best.",
    "模型能看到前面几轮问答。它是按单轮问答训练的，0 的效果最好。",
  ],
  blind: ["Blind comparison", "盲评"],
  blind_help: [
    "Side by side, names are hidden and places drawn until you have voted.",
    "并排比较时，投票之前隐藏名字、打乱位置。",
  ],
  reset: ["As the recipe has it", "恢复默认"],
  done: ["Done", "好"],
  close: ["Close", "关闭"],
  key_title: ["API key", "API 密钥"],
  key_help: ["This server asks for a key. It is kept until the tab is closed.", "这台服务器需要密钥。它只保存到标签页关闭为止。"],
  writing: ["writing", "书写中"],
  stopped: ["stopped", "已停止"],
  cut: ["cut at the length limit", "到长度上限为止"],
  failed: ["no answer", "没有回答"],
  empty: ["(It said nothing.)", "（它什么也没说。）"],
  unreachable: ["The server cannot be reached, or broke off.", "连不上服务器，或连接中断。"],
  stopping: ["The server is stopping. Ask again when it is back.", "服务器正在停止。等它恢复后再问。"],
  crowded: ["Too many requests at once. Try again in a moment.", "同时的请求太多。请稍后再试。"],
  too_long: ["This is longer than the model can read.", "内容超过了模型能读的长度。"],
  gone: ["This checkpoint is not here any more.", "这个检查点已经不在了。"],
  broken: ["The server failed at this. Its log says why.", "服务器出错了，原因见它的日志。"],
  damaged: [
    "The model in this file cannot be read: {why}. Is the file whole? A current browser is needed, too.",
    "无法读取文件中的模型：{why}。文件是否完整？另外需要较新的浏览器。",
  ],
  again: ["Try again", "重试"],
  go_on: ["Write on", "接着写"],
  copy: ["Copy", "复制"],
  copied: ["Copied", "已复制"],
  facts: ["{tokens} tokens · {seconds} s", "{tokens} 个词元 · {seconds} 秒"],
  facts_seconds: ["{seconds} s", "{seconds} 秒"],
  right: ["as in the records", "与参考答案相符"],
  wrong: ["not as in the records", "与参考答案不符"],
  reference: ["Reference: {text}", "参考答案：{text}"],
  split_train: ["this question was taught", "这道题教过"],
  split_held: ["this question was never taught", "这道题没教过"],
  evidence: ["See it in the book", "看书中原文"],
  from_book: ["《{book}》", "《{book}》"],
  stranger: ["{name} is not in 《{asked}》 but in 《{book}》", "《{asked}》里没有{name}，是《{book}》里的"],
  book_says: ["The book says", "书里说"],
  book_says_aloud: ["The book says: {text}", "书里说：{text}"],
  book_silent: ["not found in the books", "书里没有找到"],
  sure: ["{percent} % likely", "{percent}% 可能"],
  passages: ["In the books", "书中相关段落"],
  no_passages: ["Nothing in the books matches the question.", "书中没有找到相关段落。"],
  chapter: ["chapter {chapter}", "第 {chapter} 章"],
  characters: ["characters {start}–{end}", "第 {start}–{end} 字"],
  which_best: ["Which is best?", "哪个最好？"],
  tie: ["All alike", "不相上下"],
  none: ["None is good", "都不好"],
  voted: ["Your vote: {choice}", "你投给了：{choice}"],
  finished: ["{name} has answered: {text}", "{name} 回答：{text}"],
  letters: ["A B C", "甲 乙 丙"],
};

export const LANGUAGES = ["en", "zh"];
let column = 0;

/** A text in the page's language, with {names} filled in. */
export function t(word, values = {}) {
  return WORDS[word][column].replace(/\{(\w+)\}/g, (_, name) => String(values[name] ?? ""));
}

/** Turn the page to a language: texts of [data-word], names of [data-label], titles of [data-title]. */
export function setLanguage(language) {
  column = Math.max(0, LANGUAGES.indexOf(language));
  document.documentElement.lang = ["en", "zh-Hans"][column];
  for (const node of document.querySelectorAll("[data-word]")) node.textContent = t(node.dataset.word);
  for (const node of document.querySelectorAll("[data-label]")) {
    node.setAttribute("aria-label", t(node.dataset.label));
    if (node.tagName === "BUTTON") node.title = t(node.dataset.label);
  }
  for (const node of document.querySelectorAll("[data-title]")) node.title = t(node.dataset.title);
}

/** The language that the reader's browser prefers. */
export const preferred = () => (navigator.language.toLowerCase().startsWith("zh") ? "zh" : "en");
